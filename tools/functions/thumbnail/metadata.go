package main

import (
	"bytes"
	"encoding/binary"
)

// metadata is what is known of an image before it is unpacked.
type metadata struct {
	orientation int     // of EXIF, 1 to 8; 1: as it is
	pixelBytes  float64 // that a pixel takes at most while and when it is unpacked, by Go's decoders
}

func readMetadata(kind string, head []byte) metadata {
	switch kind {
	case "jpeg":
		return readJPEG(head)
	case "png":
		return metadata{orientation: 1, pixelBytes: pngBytes(head)}
	default: // an index of GIF's palette, twice where rows are interlaced
		return metadata{orientation: 1, pixelBytes: 2}
	}
}

// pngBytes reads bit depth, colour type and interlacing of the header that
// every PNG begins with (PNG specification, 11.2.2).
func pngBytes(head []byte) float64 {
	const most = 16
	if len(head) < 29 {
		return most
	}
	n := 4.0
	if colour := head[25]; colour == 0 || colour == 3 { // shades of grey, a palette
		n = 1
	}
	if head[24] == 16 {
		n *= 2
	}
	if head[28] != 0 {
		n *= 2
	}
	return n
}

// Markers of JPEG (ITU T.81, annex B).
const (
	markerSOF0 = 0xc0 // the frame: sizes; SOF2 is that of a progressive image
	markerSOF2 = 0xc2
	markerSOS  = 0xda // what follows is the image
	markerAPP1 = 0xe1 // EXIF, among others
)

// readJPEG reads the segments in front of the image as far as they are there.
func readJPEG(head []byte) metadata {
	m := metadata{orientation: 1, pixelBytes: 20} // the most there is
	for b := head[min(2, len(head)):]; len(b) >= 4; {
		marker, length := b[1], int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case b[0] != 0xff || marker == markerSOS:
			return m
		case marker == 0xff: // padding
			b = b[1:]
			continue
		case length < 2 || 2+length > len(b):
			return m
		}
		segment := b[4 : 2+length]
		switch {
		case marker >= markerSOF0 && marker <= markerSOF2:
			m.pixelBytes = frameBytes(segment, marker == markerSOF2)
		case marker == markerAPP1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")):
			m.orientation = orientation(segment[6:])
		}
		b = b[2+length:]
	}
	return m
}

// frameBytes is what a pixel takes: a byte for each component, fewer where
// colours are sampled less often than brightness; with a progressive image
// four bytes more of each, until all of it is there. Whatever it becomes then
// takes one more.
func frameBytes(frame []byte, isProgressive bool) float64 {
	const most = 20
	if len(frame) < 6 {
		return most
	}
	var samples, widest, highest float64
	for c := frame[6:]; len(c) >= 3; c = c[3:] {
		across, down := float64(c[1]>>4), float64(c[1]&15)
		samples += across * down
		widest, highest = max(widest, across), max(highest, down)
	}
	if samples == 0 {
		return most
	}
	perPixel := samples / (widest * highest)
	if isProgressive {
		perPixel *= 5
	}
	return perPixel + 1
}

// orientation reads the tag of that name in EXIF's TIFF structure (EXIF 2.3,
// 4.6.4); 1 where there is none.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= 12; n-- {
		const tag = 0x0112
		if value := order.Uint16(entries[8:]); order.Uint16(entries) == tag && value >= 1 && value <= 8 {
			return int(value)
		}
		entries = entries[12:]
	}
	return 1
}
