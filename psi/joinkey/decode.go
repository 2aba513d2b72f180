package joinkey

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// window is how much is looked at to decide on an encoding.
const window = 64 << 10

const (
	nameUTF8    = "utf-8"
	nameGB18030 = "gb18030"
	nameGBK     = "gbk"
)

// decoder turns an input into UTF-8, or into what was declared to be UTF-8.
// The byte order mark is left for the scanner.
type decoder struct {
	br   *bufio.Reader
	out  io.Reader // set once the encoding is known
	name string    // "" while only ASCII was seen
}

func newDecoder(r io.Reader, name string) (*decoder, error) {
	d := &decoder{br: bufio.NewReaderSize(r, window), name: strings.ToLower(name)}
	switch d.name {
	case nameUTF8, "utf8":
		d.set(nameUTF8, nil)
	case nameGB18030:
		d.set(nameGB18030, simplifiedchinese.GB18030)
	case nameGBK:
		d.set(nameGBK, simplifiedchinese.GBK)
	case "", "auto":
		d.name = ""
	default:
		return nil, fmt.Errorf("joinkey: there is no encoding %q; there are auto, utf-8, gb18030 and gbk", name)
	}
	return d, nil
}

func (d *decoder) set(name string, enc encoding.Encoding) {
	d.name, d.out = name, d.br
	if enc != nil {
		d.out = transform.NewReader(d.br, enc.NewDecoder())
	}
}

// encoding returns the name for the report.
func (d *decoder) encoding() string {
	if d.name == "" {
		return nameUTF8
	}
	return d.name
}

// decoded reports whether bytes are converted, so that U+FFFD stands for
// invalid ones.
func (d *decoder) decoded() bool { return d.name != "" && d.name != nameUTF8 }

func (d *decoder) Read(p []byte) (int, error) {
	if d.out == nil && len(p) > 0 {
		if _, err := d.br.Peek(1); err != nil {
			return 0, err
		}
		b, _ := d.br.Peek(min(d.br.Buffered(), len(p)))
		if n := asciiLen(b); n > 0 {
			return d.br.Read(p[:n])
		}
		if err := d.decide(); err != nil {
			return 0, err
		}
	}
	if d.out == nil {
		return 0, nil
	}
	return d.out.Read(p)
}

// decide chooses the encoding at a byte that is not ASCII, which in all of
// them starts a character.
func (d *decoder) decide() error {
	b, err := d.br.Peek(window)
	if err != nil && err != io.EOF {
		return err
	}
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return errors.New("the input is UTF-16; convert it to UTF-8 first")
	}
	if valid, invalid := countUTF8(b); invalid == 0 || valid > invalid {
		d.set(nameUTF8, nil)
		return nil
	}
	// The window may cut the last character, which has up to four bytes.
	cut := 0
	if len(b) == window {
		cut = 3
	}
	for ; cut >= 0; cut-- {
		text, _, err := transform.Bytes(simplifiedchinese.GB18030.NewDecoder(), b[:len(b)-cut])
		if err == nil && !bytes.Contains(text, []byte("\ufffd")) {
			d.set(nameGB18030, simplifiedchinese.GB18030)
			return nil
		}
	}
	return errors.New("the input is neither UTF-8 nor GB 18030 as far as its bytes tell; if it is one of them with errors, set Config.Encoding, otherwise convert it to UTF-8 first")
}

// countUTF8 counts the valid characters of several bytes, and the bytes that
// belong to no character. A character cut off by the end counts as neither.
func countUTF8(b []byte) (valid, invalid int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i += 1 + asciiLen(b[i+1:])
			continue
		}
		_, n := utf8.DecodeRune(b[i:])
		switch {
		case n > 1:
			valid++
		case len(b) < window || utf8.FullRune(b[i:]):
			invalid++
		default:
			return valid, invalid
		}
		i += n
	}
	return valid, invalid
}

// asciiLen returns the length of the longest prefix of ASCII.
func asciiLen(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}
