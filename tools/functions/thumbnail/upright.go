package main

import "image"

// upright turns and mirrors an image as the orientation says.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return img
	}
	right, bottom := img.Rect.Dx()-1, img.Rect.Dy()-1
	size := image.Rect(0, 0, right+1, bottom+1)
	if orientation >= 5 {
		size = image.Rect(0, 0, bottom+1, right+1)
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			from := [...]image.Point{ // EXIF 2.3, orientation
				2: {right - x, y}, 3: {right - x, bottom - y}, 4: {x, bottom - y},
				5: {y, x}, 6: {y, bottom - x}, 7: {right - y, bottom - x}, 8: {right - y, x},
			}[orientation]
			out.SetRGBA(x, y, img.RGBAAt(from.X, from.Y))
		}
	}
	return out
}
