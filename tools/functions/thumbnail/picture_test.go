package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testConfig(t testing.TB) config {
	t.Helper()
	c, err := newConfig(func(string) string { return "" })
	require.NoError(t, err)
	return c
}

// The colours of the corners of a sample, clockwise from the left upper one.
var (
	red, green   = color.RGBA{0xff, 0, 0, 0xff}, color.RGBA{0, 0xff, 0, 0xff}
	blue, yellow = color.RGBA{0, 0, 0xff, 0xff}, color.RGBA{0xff, 0xff, 0, 0xff}
)

// sample is an image with a colour in each quarter.
func sample(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i, c := range []color.RGBA{red, green, yellow, blue} {
		column, row := i%2, i/2
		quarter := image.Rect(column*width/2, row*height/2, (column+1)*width/2, (row+1)*height/2)
		draw.Draw(img, quarter, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func encoded(t testing.TB, kind string, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	switch kind {
	case "jpeg":
		require.NoError(t, jpeg.Encode(&out, img, nil))
	case "png":
		require.NoError(t, png.Encode(&out, img))
	case "gif":
		require.NoError(t, gif.Encode(&out, img, nil))
	}
	return out.Bytes()
}

func TestScale(t *testing.T) {
	c := testConfig(t)
	for _, test := range []struct {
		kind          string
		width, height int
		want          format
	}{
		{"jpeg", 400, 300, format{Width: 256, Height: 192, Kind: "jpeg"}},
		{"jpeg", 300, 400, format{Width: 192, Height: 256, Kind: "jpeg"}},
		{"png", 500, 500, format{Width: 256, Height: 256, Kind: "png"}},
		{"gif", 512, 300, format{Width: 256, Height: 150, Kind: "png"}},
		{"png", 100, 50, format{Width: 100, Height: 50, Kind: "png"}},
		{"png", 3000, 2, format{Width: 256, Height: 1, Kind: "png"}},
	} {
		p, err := c.scale(bytes.NewReader(encoded(t, test.kind, sample(test.width, test.height))))
		require.NoError(t, err)
		test.want.Bytes = len(p.content)
		assert.Equal(t, test.want, p.thumbnail)
		assert.Equal(t, format{Width: test.width, Height: test.height, Kind: test.kind}, p.image)
		assert.Equal(t, "image/"+test.want.Kind, p.contentType)
		got, kind, err := image.Decode(bytes.NewReader(p.content))
		require.NoError(t, err)
		assert.Equal(t, test.want.Kind, kind)
		assert.Equal(t, image.Pt(test.want.Width, test.want.Height), got.Bounds().Size())
		if test.want.Height > 1 {
			assertCorners(t, got, red, green, blue, yellow)
		}
	}
}

// assertCorners compares the colours of the corners, clockwise from the left
// upper one, as far as JPEG keeps them.
func assertCorners(t *testing.T, img image.Image, want ...color.RGBA) {
	t.Helper()
	b := img.Bounds()
	dx, dy := b.Dx()/4, b.Dy()/4
	for i, at := range []image.Point{
		{b.Min.X + dx, b.Min.Y + dy}, {b.Max.X - 1 - dx, b.Min.Y + dy}, {b.Max.X - 1 - dx, b.Max.Y - 1 - dy}, {b.Min.X + dx, b.Max.Y - 1 - dy},
	} {
		r, g, b, _ := img.At(at.X, at.Y).RGBA()
		for n, channel := range []uint32{r, g, b} {
			value := []uint8{want[i].R, want[i].G, want[i].B}[n]
			assert.Less(t, math.Abs(float64(channel>>8)-float64(value)), 16.0, "corner %d", i)
		}
	}
}

func TestTransparencyIsKept(t *testing.T) {
	c := testConfig(t)
	img := image.NewNRGBA(image.Rect(0, 0, 600, 600))
	img.SetNRGBA(0, 0, color.NRGBA{1, 2, 3, 4})
	frame := image.NewPaletted(image.Rect(100, 100, 500, 300), append(color.Palette{color.Transparent}, palette.WebSafe...))
	var animated bytes.Buffer
	require.NoError(t, gif.EncodeAll(&animated, &gif.GIF{
		Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}, Config: image.Config{Width: 600, Height: 600},
	}))
	for _, in := range [][]byte{encoded(t, "png", img), animated.Bytes()} {
		p, err := c.scale(bytes.NewReader(in))
		require.NoError(t, err)
		got, err := png.Decode(bytes.NewReader(p.content))
		require.NoError(t, err)
		_, _, _, alpha := got.At(got.Bounds().Dx()/2, got.Bounds().Dy()/2).RGBA()
		assert.Zero(t, alpha)
	}
}

// withExif puts EXIF with the orientation into a JPEG.
func withExif(img []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	tiff := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint16(order.AppendUint32(tiff, 8), 2)
	tiff = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x010e), 2), 1), 0, 0, 0, 0) // a description before it
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = append(order.AppendUint16(tiff, orientation), 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xff, 0xe1}, uint16(len(segment)+2)) // with a byte of padding
	return append(append(out, segment...), img[2:]...)
}

func TestImagesAreUpright(t *testing.T) {
	c := testConfig(t)
	c.size = 64
	img := encoded(t, "jpeg", sample(160, 80))
	for orientation, want := range map[uint16][]color.RGBA{ // as the viewer sees the corners
		1: {red, green, blue, yellow}, 2: {green, red, yellow, blue}, 3: {blue, yellow, red, green}, 4: {yellow, blue, green, red},
		5: {red, yellow, blue, green}, 6: {yellow, red, green, blue}, 7: {blue, green, red, yellow}, 8: {green, blue, yellow, red},
		0: {red, green, blue, yellow}, 9: {red, green, blue, yellow},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, err := c.scale(bytes.NewReader(withExif(img, order, orientation)))
			require.NoError(t, err)
			got, err := jpeg.Decode(bytes.NewReader(p.content))
			require.NoError(t, err)
			size := image.Pt(64, 32)
			if orientation >= 5 && orientation <= 8 {
				size = image.Pt(32, 64)
			}
			assert.Equal(t, size, got.Bounds().Size(), "orientation %d", orientation)
			assertCorners(t, got, want...)
		}
	}
}

// bomb is the beginning of a PNG that claims to be of that size.
func bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	header = append(header, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func TestWhatIsRefused(t *testing.T) {
	c := testConfig(t)
	img := encoded(t, "jpeg", sample(600, 300))
	for name, test := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":           {nil, "is not a JPEG, PNG or GIF image that can be read: image: unknown format"},
		"a text":            {[]byte("I am not an image"), "image: unknown format"},
		"cut in the header": {img[:100], "is not a JPEG, PNG or GIF image that can be read: unexpected EOF"},
		"cut in the image":  {img[:len(img)-500], "is not a JPEG, PNG or GIF image that can be read: "},
		"a bomb":            {bomb(20000, 20000), "has 20000 x 20000 pixels, which takes some 1887 MB, and the function has memory_mb 128"},
		"a larger bomb":     {bomb(1<<26, 1<<26), "pixels"},
		"a tall bomb":       {bomb(500, 1<<20), "has 500 x 1048576 pixels"},
		"without a size":    {bomb(0, 0), "is not a JPEG, PNG or GIF image"},
	} {
		_, err := c.scale(bytes.NewReader(test.in))
		require.ErrorContains(t, err, test.want, name)
		var f *failure
		require.ErrorAs(t, err, &f, name)
		assert.Equal(t, http.StatusUnprocessableEntity, f.status, name)
	}
	_, err := c.scale(io.MultiReader(bytes.NewReader(img[:1000]), iotest.ErrReader(io.ErrClosedPipe)))
	require.Equal(t, io.ErrClosedPipe, err, "the network is not the image's fault")
}

// What fits by the estimate does fit, by what an image takes of the heap.
func TestWhatImagesTake(t *testing.T) {
	for name, test := range map[string]struct {
		head []byte
		kind string
		want float64
	}{
		"grey JPEG":       {encoded(t, "jpeg", image.NewGray(image.Rect(0, 0, 9, 9))), "jpeg", 2},
		"JPEG, 4:2:0":     {encoded(t, "jpeg", sample(9, 9)), "jpeg", 2.5},
		"JPEG without":    {[]byte{0xff, 0xd8, 0xff, 0xda, 0, 2}, "jpeg", 20},
		"progressive":     {[]byte{0xff, 0xd8, 0xff, 0xc2, 0, 17, 8, 0, 9, 0, 9, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0}, "jpeg", 16},
		"a frame cut":     {[]byte{0xff, 0xd8, 0xff, 0xc0, 0, 4, 8, 0}, "jpeg", 20},
		"PNG":             {encoded(t, "png", sample(9, 9)), "png", 4},
		"PNG of 16 bits":  {encoded(t, "png", image.NewNRGBA64(image.Rect(0, 0, 9, 9))), "png", 8},
		"grey PNG":        {encoded(t, "png", image.NewGray(image.Rect(0, 0, 9, 9))), "png", 1},
		"PNG, interlaced": {append(bytes.Clone(bomb(9, 9)[:28]), 1), "png", 8},
		"PNG cut":         {nil, "png", 16},
		"GIF":             {nil, "gif", 2},
	} {
		assert.InDelta(t, test.want, readMetadata(test.kind, test.head).pixelBytes, 0.01, name)
	}
}

func FuzzScale(f *testing.F) {
	small := sample(9, 5)
	for _, kind := range []string{"jpeg", "png", "gif"} {
		f.Add(encoded(f, kind, small))
	}
	f.Add(withExif(encoded(f, "jpeg", small), binary.BigEndian, 6))
	f.Add(bomb(1<<20, 1<<20))
	c := testConfig(f)
	c.memoryMB = 32
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := c.scale(bytes.NewReader(in))
		if err != nil {
			return
		}
		if p.thumbnail.Width > c.size || p.thumbnail.Height > c.size || len(p.content) == 0 {
			t.Fatalf("%+v of %+v", p.thumbnail, p.image)
		}
	})
}

func FuzzReadJPEG(f *testing.F) {
	img := encoded(f, "jpeg", sample(9, 5))
	f.Add(img)
	f.Add(withExif(img, binary.LittleEndian, 8))
	f.Fuzz(func(t *testing.T, head []byte) {
		m := readJPEG(head)
		if m.orientation < 1 || m.orientation > 8 || !(m.pixelBytes >= 1) { // also when it is not a number
			t.Fatalf("%+v", m)
		}
	})
}
