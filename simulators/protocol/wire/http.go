package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// ContentType is what an HTTP body that is an ISO 8583 frame calls itself.
const ContentType = "x-ISO-TPDU/x-auth"

// maxHead bounds the lines before an HTTP body, in bytes.
const maxHead = 8192

// HTTPClient frames each message as an HTTP/1.1 POST to path at host, and reads the answers. The body is what body
// would write: length and frame.
func HTTPClient(body Framer, host, path string) Framer {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: ", path, host, ContentType)
	return httpFramer{body: body, head: head, open: openAnswer}
}

// HTTPServer reads POST requests and frames each answer as a 200.
func HTTPServer(body Framer) Framer {
	head := "HTTP/1.1 200 OK\r\nContent-Type: " + ContentType + "\r\nContent-Length: "
	return httpFramer{body: body, head: head, open: openRequest}
}

// httpFramer is a framer whose frames stand in the bodies of HTTP messages.
type httpFramer struct {
	body Framer
	head string // up to the value of Content-Length
	open func(*bufio.Reader) (body io.Reader, length int64, err error)
}

func (h httpFramer) Append(dst, frame []byte) ([]byte, error) {
	body, err := h.body.Append(nil, frame)
	if err != nil {
		return dst, err
	}
	dst = append(dst, h.head...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...), nil
}

func (h httpFramer) Next(buf []byte) (frame []byte, n int, err error) {
	head, err := headLength(buf)
	if head == 0 {
		return nil, 0, err
	}
	source := bytes.NewReader(buf)
	reader := bufio.NewReaderSize(source, maxHead)
	body, length, err := h.open(reader)
	if err != nil {
		return nil, 0, err
	}
	if length > int64(len(buf)-head) {
		return nil, 0, h.unfinished(buf[head:], length)
	}
	content := buf[head : head+int(max(length, 0))]
	n = len(content) + head
	if length < 0 {
		// The error for a trailer that has not come is not exported, so its words must do.
		if content, err = io.ReadAll(body); err != nil && strings.Contains(err.Error(), "unexpected EOF") {
			return nil, 0, h.unfinished(content, int64(len(content)))
		} else if err != nil {
			return nil, 0, fmt.Errorf("HTTP body: %w", err)
		}
		n = len(buf) - source.Len() - reader.Buffered()
	}
	frame, took, err := h.body.Next(content)
	if err == nil && (took == 0 || took < len(content)) {
		err = fmt.Errorf("HTTP body of %d bytes is not one frame", len(content))
	}
	if err != nil {
		return nil, 0, err
	}
	return frame, n, nil
}

// unfinished looks at a body of at least length bytes whose end has not come. Once it is certain that the body is longer
// than its frame, waiting for its end would only fill memory.
func (h httpFramer) unfinished(content []byte, length int64) error {
	_, took, err := h.body.Next(content)
	if err == nil && took > 0 && int64(took) < length {
		err = fmt.Errorf("HTTP body of %d bytes or more is not one frame of %d", length, took)
	}
	return err
}

func (h httpFramer) Progress(buf []byte) (have, want int) {
	head, _ := headLength(buf)
	if head == 0 {
		return len(buf), -1
	}
	return h.body.Progress(buf[head:])
}

// headLength gives where the body begins; 0 while the blank line has not come.
func headLength(buf []byte) (int, error) {
	if i := bytes.Index(buf[:min(len(buf), maxHead)], []byte("\r\n\r\n")); i >= 0 {
		return i + 4, nil
	}
	if len(buf) >= maxHead {
		return 0, fmt.Errorf("HTTP head of more than %d bytes", maxHead)
	}
	if n := min(len(buf), 4); n > 0 && string(buf[:n]) != "HTTP"[:n] && string(buf[:n]) != "POST"[:n] && string(buf[:n]) != "GET "[:n] {
		return 0, fmt.Errorf("the bytes % X do not begin HTTP: are they framed another way?", buf[:n])
	}
	return 0, nil
}

func openRequest(r *bufio.Reader) (io.Reader, int64, error) {
	request, err := http.ReadRequest(r)
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("HTTP request: %w", err)
	case request.Method != http.MethodPost:
		return nil, 0, fmt.Errorf("HTTP request: method %s: want POST", request.Method)
	case request.Header.Get("Content-Type") != ContentType:
		return nil, 0, fmt.Errorf("HTTP request: content type %q: want %s", request.Header.Get("Content-Type"), ContentType)
	}
	return request.Body, request.ContentLength, nil
}

func openAnswer(r *bufio.Reader) (io.Reader, int64, error) {
	answer, err := http.ReadResponse(r, nil)
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("HTTP answer: %w", err)
	case answer.StatusCode != http.StatusOK:
		return nil, 0, fmt.Errorf("HTTP answer: %s in place of a message", answer.Status)
	case answer.ContentLength < 0 && len(answer.TransferEncoding) == 0:
		return nil, 0, fmt.Errorf("HTTP answer: no Content-Length: its end cannot be told")
	}
	return answer.Body, answer.ContentLength, nil
}
