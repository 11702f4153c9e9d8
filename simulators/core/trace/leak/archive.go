package leak

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

const (
	deepest     = 4       // archives in archives
	largest     = 1 << 30 // bytes of one member
	base64Least = 64      // characters of a run that is worth decoding
)

// unpack looks at what is packed in an output.
func (f *Finder) unpack(name string, output []byte, depth int) []Hit {
	switch {
	case bytes.HasPrefix(output, []byte("PK\x03\x04")):
		return f.unzip(name, output, depth)
	case bytes.HasPrefix(output, []byte{0x1F, 0x8B, 8}):
		z, err := gzip.NewReader(bytes.NewReader(output))
		if err != nil {
			return unreadable(name, err)
		}
		return f.member(name+"!gzip", z, depth)
	}
	var hits []Hit
	for at := 0; at < len(output); {
		end := at
		for end < len(output) && isBase64(output[end]) {
			end++
		}
		if end-at >= base64Least {
			for _, h := range f.decode(output[at:end], depth) {
				h.Output = fmt.Sprintf("%s!base64 at byte %d%s", name, at, h.Output)
				hits = append(hits, h)
			}
		}
		at = end + 1
	}
	return hits
}

func (f *Finder) unzip(name string, output []byte, depth int) []Hit {
	z, err := zip.NewReader(bytes.NewReader(output), int64(len(output)))
	if err != nil {
		return unreadable(name, err)
	}
	var hits []Hit
	for _, file := range z.File {
		member, err := file.Open()
		if err != nil {
			hits = append(hits, unreadable(name+"!"+file.Name, err)...)
			continue
		}
		hits = append(hits, f.member(name+"!"+file.Name, member, depth)...)
		_ = member.Close() // it was read, or could not be
	}
	return hits
}

// member looks through one part of an archive.
func (f *Finder) member(name string, r io.Reader, depth int) []Hit {
	b, err := io.ReadAll(io.LimitReader(r, largest+1))
	switch {
	case err != nil:
		return unreadable(name, err)
	case len(b) > largest:
		return unreadable(name, fmt.Errorf("more than %d bytes", largest))
	case depth == deepest:
		return unreadable(name, fmt.Errorf("more than %d archives in one another", deepest))
	}
	return append(f.scan(name, b), f.unpack(name, b, depth+1)...)
}

// decode looks through a run of base64 characters. A run that only looks like base64 decodes to noise, which does no harm.
func (f *Finder) decode(run []byte, depth int) []Hit {
	if len(run)%4 == 1 { // no whole byte behind it
		run = run[:len(run)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(string(run)))
	if err != nil || depth == deepest {
		return nil
	}
	return append(f.scan("", b), f.unpack("", b, depth+1)...)
}

func isBase64(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '+' || c == '/' || c == '-' || c == '_'
}

func unreadable(name string, err error) []Hit {
	return []Hit{{Output: name, Secret: "anything", Form: fmt.Sprintf("an archive that cannot be read: %v", err)}}
}
