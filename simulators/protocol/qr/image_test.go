package qr

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func pictured() map[string]string {
	return map[string]string{"merchant": published, "consumer": publishedConsumer, "payer": "101234567890123456", "one character": "1"}
}

func TestImageRoundTrip(t *testing.T) {
	for name, text := range pictured() {
		for _, pixels := range []int{200, 333, 600} {
			picture, err := PNG(text, pixels)
			if err != nil {
				t.Fatal(name, err)
			}
			if got, ok := Scan(picture); !ok || got != text {
				t.Errorf("%s at %d pixels: %q, %v", name, pixels, got, ok)
			}
		}
	}
}

// Somebody else's reader sees the same: zbarimg of Debian's zbar-tools.
func TestImageByZbar(t *testing.T) {
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg is not installed: apt-get install zbar-tools")
	}
	for name, text := range pictured() {
		picture, err := PNG(text, 400)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "code.png")
		if err := os.WriteFile(file, picture, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, zbar, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != text {
			t.Errorf("%s: zbarimg reads %q, %v", name, got, err)
		}
	}
}

func TestPNGErrors(t *testing.T) {
	if _, err := PNG(strings.Repeat("x", 3000), 600); err == nil {
		t.Error("3000 bytes fit no code")
	}
	if _, err := PNG(published, 50); err == nil {
		t.Error("50 pixels are too few")
	}
	if _, err := PNG("", 600); err == nil {
		t.Error("a code of nothing was drawn")
	}
}

// A picture without a readable code is an outcome.
func TestUnreadable(t *testing.T) {
	picture, err := PNG(published, 400)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	smeared := image.NewGray(drawn.Bounds())
	for x := range 400 {
		for y := range 400 {
			smeared.Set(x, y, drawn.At(x, y))
			if x > 100 && x < 300 && y > 100 && y < 300 {
				smeared.Set(x, y, color.Gray{Y: 0x80})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, smeared); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"smeared": b.Bytes(), "cut": picture[:len(picture)/2], "no picture": []byte("GIF89a"), "nothing": nil, "huge": huge(t)} {
		if got, ok := Scan(bad); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// huge says that it has more pixels than anybody should unpack.
func huge(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, maxPixels+1, 1))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzScan(f *testing.F) {
	for _, text := range pictured() {
		picture, err := PNG(text, 200)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(picture)
	}
	f.Fuzz(func(_ *testing.T, picture []byte) { Scan(picture) })
}
