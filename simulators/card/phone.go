package card

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// Phone is the face of a cardholder's wallet that a scanner sees. It makes no codes: whoever holds it asks the issuer for one when
// the phone wants one, as the app does of the network's token service, and gives it to the phone.
type Phone struct {
	code  qr.PayerCode
	until time.Time
}

// Screen is how much of a phone's screen can be seen.
type Screen string

// The screens.
const (
	ScreenClear   Screen = ""
	ScreenTorn    Screen = "torn"    // the lower half is behind a thumb
	ScreenSmeared Screen = "smeared" // a third of it is behind grease
	ScreenOff     Screen = "off"
)

// pixels is the width of the code on the screen.
const pixels = 240

// Wants tells that the phone has no code to show: none yet, or one that has run out.
func (p *Phone) Wants(now time.Time) bool { return p.code.IsZero() || !now.Before(p.until) }

// Take gives the phone a code that is good until then.
func (p *Phone) Take(code qr.PayerCode, until time.Time) { p.code, p.until = code, until }

// Refresh takes the code off the screen: the phone wants another.
func (p *Phone) Refresh() { p.code = qr.PayerCode{} }

// Show gives the picture that a scanner takes of the phone, as PNG.
func (p *Phone) Show(s Screen) ([]byte, error) {
	picture, err := qr.PNG(p.code.Reveal(), pixels)
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	return s.over(picture)
}

// over hides what the screen does not show.
func (s Screen) over(picture []byte) ([]byte, error) {
	hidden := map[Screen]image.Rectangle{ScreenTorn: image.Rect(0, pixels/2, pixels, pixels),
		ScreenSmeared: image.Rect(pixels/3, 0, 2*pixels/3, pixels), ScreenOff: image.Rect(0, 0, pixels, pixels)}
	if s == ScreenClear {
		return picture, nil
	}
	seen, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	screen := image.NewGray(seen.Bounds())
	draw.Draw(screen, screen.Bounds(), seen, seen.Bounds().Min, draw.Src)
	draw.Draw(screen, hidden[s], image.NewUniform(color.Gray{Y: 40}), image.Point{}, draw.Src)
	var b bytes.Buffer
	err = png.Encode(&b, screen)
	return b.Bytes(), err
}
