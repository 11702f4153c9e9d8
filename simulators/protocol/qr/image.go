package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// maxPixels bounds the sides of an image that is read.
const maxPixels = 4096

// PNG draws a code as a square of about so many pixels a side, with its quiet zone. It fails when the text is too long for a code
// or the square too small for it.
func PNG(text string, pixels int) ([]byte, error) {
	hints := map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_CHARACTER_SET: "UTF-8"}
	drawn, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, pixels, pixels, hints)
	if err != nil {
		return nil, fmt.Errorf("qr: image of %d bytes: %w", len(text), err)
	}
	if side := drawn.GetWidth(); side > pixels {
		return nil, fmt.Errorf("qr: image of %d bytes: %d pixels are too few, it takes %d", len(text), pixels, side)
	}
	var b bytes.Buffer
	err = png.Encode(&b, drawn)
	return b.Bytes(), err
}

// Scan reads the code in an image of nothing else, as PNG draws it. A picture that shows none, or a damaged one, is an outcome: false.
func Scan(picture []byte) (text string, ok bool) {
	config, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil || config.Width > maxPixels || config.Height > maxPixels {
		return "", false
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", false
	}
	return read(img)
}

// read keeps a reader that stumbles over a strange picture from taking the till with it: gozxing indexes without looking.
func read(img image.Image) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", false
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
