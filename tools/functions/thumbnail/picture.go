package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // by registration, as the next
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"net/http"

	"golang.org/x/image/draw"
)

// format describes an image.
type format struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Kind   string `json:"kind"` // "jpeg", "png" or "gif"
	Bytes  int    `json:"bytes,omitempty"`
}

// String is for the log.
func (f format) String() string { return fmt.Sprintf("%dx%d %s", f.Width, f.Height, f.Kind) }

// picture is a thumbnail, ready to be written.
type picture struct {
	content          []byte
	contentType      string
	image, thumbnail format
}

// maxHeadBytes bounds what is read of an image for its size and its metadata.
const maxHeadBytes = 4 << 20

// jpegQuality is out of 100.
const jpegQuality = 85

// scale makes a picture whose longer side has c.size pixels at most, upright as
// the camera was held. A JPEG becomes a JPEG; PNG and the first frame of a GIF,
// which may be transparent, become PNG. Errors: a failure for what is not an
// image, is cut short, or needs more memory than there is; what r says.
func (c *config) scale(r io.Reader) (*picture, error) {
	in := &source{Reader: r}
	var head bytes.Buffer
	header, kind, err := image.DecodeConfig(io.TeeReader(io.LimitReader(in, maxHeadBytes), &head))
	if err != nil {
		return nil, in.complaint(err)
	}
	more := readMetadata(kind, head.Bytes())
	if err := c.affordable(header, more.pixelBytes); err != nil {
		return nil, err
	}
	full, _, err := image.Decode(io.MultiReader(&head, in))
	if err != nil {
		return nil, in.complaint(err)
	}
	width, height := c.fit(header.Width, header.Height)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.BiLinear.Scale(small, small.Bounds(), full, full.Bounds(), draw.Src, nil)
	p, err := encode(upright(small, more.orientation), kind)
	if err != nil {
		return nil, err
	}
	p.image = format{Width: header.Width, Height: header.Height, Kind: kind}
	return p, nil
}

// source tells a reader that failed from an image that is broken.
type source struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (s *source) complaint(err error) error {
	if s.err != nil {
		return s.err
	}
	return failed(http.StatusUnprocessableEntity, "is not a JPEG, PNG or GIF image that can be read: %v", err)
}

// fit returns the size of the thumbnail; nothing is made larger.
func (c *config) fit(width, height int) (int, int) {
	ratio := min(1, float64(c.size)/float64(max(width, height)))
	round := func(n int) int { return max(1, int(math.Round(float64(n)*ratio))) }
	return round(width), round(height)
}

// runtimeMB is what the process has besides images.
const runtimeMB = 16

// affordable refuses what would not fit into the sandbox, before anything of it
// is unpacked: a few KiB can claim to be of any size.
func (c *config) affordable(header image.Config, pixelBytes float64) error {
	if header.Width < 1 || header.Height < 1 {
		return failed(http.StatusUnprocessableEntity, "is an image without a size")
	}
	pixels := float64(header.Width) * float64(header.Height)
	// the scaler keeps every row of the image in the width of the thumbnail, 32 bytes for a pixel
	narrow, _ := c.fit(header.Width, header.Height)
	need := pixels*pixelBytes + float64(narrow)*float64(header.Height)*32
	if needMB := need/(1<<20) + runtimeMB; needMB > float64(c.memoryMB)*0.9 {
		return failed(http.StatusUnprocessableEntity, "has %d x %d pixels, which takes some %.0f MB, and the function has memory_mb %d",
			header.Width, header.Height, math.Ceil(needMB/0.9), c.memoryMB)
	}
	return nil
}

func encode(img *image.RGBA, kind string) (*picture, error) {
	p := &picture{contentType: "image/png"}
	var out bytes.Buffer
	var err error
	if kind == "jpeg" {
		p.contentType = "image/jpeg"
		err = jpeg.Encode(&out, img, &jpeg.Options{Quality: jpegQuality})
	} else {
		kind = "png"
		err = png.Encode(&out, img)
	}
	p.content = out.Bytes()
	p.thumbnail = format{Width: img.Rect.Dx(), Height: img.Rect.Dy(), Kind: kind, Bytes: out.Len()}
	return p, err
}
