package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/chart"
)

//go:embed assets
var assetFiles embed.FS

// AssetPrefix is where a server must mount Assets.
const AssetPrefix = "/assets/"

// Assets holds the style sheet, script, font, its licence and the mark. Their names carry a hash of their content, so
// they may be cached for ever; no name here is ever used again for other bytes. Files have no modification time.
func Assets() fs.FS { return built.files }

// AssetPath is the address of an asset by its plain name, such as "app.css". It panics on an unknown name, which only a template can hold.
func AssetPath(name string) string {
	hashed, ok := built.names[name]
	if !ok {
		panic("unknown asset " + name)
	}
	return AssetPrefix + hashed
}

type assetSet struct {
	files memory
	names map[string]string
}

var built = build()

func build() assetSet {
	s := assetSet{memory{}, map[string]string{}}
	for _, name := range []string{"inter-latin-wght-normal.woff2", "inter-LICENSE.txt", "mark.svg", "app.js"} {
		s.add(name, read(name))
	}
	// The font's address is part of the style sheet, so the style sheet is hashed last.
	css := read("tokens.css") + read("base.css") + read("parts.css") + chart.CSS + read("print.css")
	css = strings.ReplaceAll(css, "url(inter-latin-wght-normal.woff2)", "url("+s.names["inter-latin-wght-normal.woff2"]+")")
	s.add("app.css", css)
	return s
}

func (s assetSet) add(name, content string) {
	sum := sha256.Sum256([]byte(content))
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:12] + ext
	s.names[name] = hashed
	s.files[hashed] = content
}

func read(name string) string {
	b, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// memory is a flat file system of strings, for names that exist only once their content is known.
type memory map[string]string

// Open gives a file that can also be sought in, as servers of ranges need.
func (m memory) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	content, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: bytes.NewReader([]byte(content)), name: name}, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Name() string               { return f.name }
func (f *memoryFile) Mode() fs.FileMode          { return 0o444 }
func (f *memoryFile) ModTime() time.Time         { return time.Time{} }
func (f *memoryFile) IsDir() bool                { return false }
func (f *memoryFile) Sys() any                   { return nil }

// Size is the length of the whole file, however much was read.
func (f *memoryFile) Size() int64 { return f.Reader.Size() }

var _ io.ReadSeeker = (*memoryFile)(nil)
