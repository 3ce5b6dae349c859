package gallery

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// The file is a ZIP archive that any tool opens:
//
//	gallery.json      index, see below
//	vectors.f32       one vector per reference, little-endian 32-bit floats, in the index's order
//	crops/SHA256.jpg  the references' pictures, named by their own hash
//
//	{"format": 1,
//	 "version": 3,
//	 "embedder": {"name": "packs", "version": "1", "sha256": "…", "dim": 128},
//	 "open": {"threshold": 0.61, "margin": 0.02},
//	 "vectors_sha256": "…",
//	 "products": [{"gtin": "4006381333931", "name": "…", "references": [{"crop": "SHA256", "source": "front.jpg"}]}]}
//
// Products are sorted by GTIN and references by picture, and no time is written, so the same references give
// the same bytes. gallery.json holds the hashes of everything else, so its signature covers the whole file; for
// the additional part of a signed file see signature.go.
const (
	// Format is the version that this code writes and reads.
	Format = 1
	// MaxFileBytes bounds a file and what is unpacked from it.
	MaxFileBytes = 512 << 20

	indexName   = "gallery.json"
	vectorsName = "vectors.f32"
	maxIndex    = 32 << 20
	maxCrop     = 1 << 20
	maxDim      = 4096
)

// Errors that a caller may branch on.
var (
	ErrFormat  = errors.New("not a gallery file of this format")
	ErrDamaged = errors.New("gallery file is damaged")
)

type index struct {
	Format   int               `json:"format"`
	Version  uint64            `json:"version,omitempty"`
	Embedder vision.EmbedderID `json:"embedder"`
	Open     vision.Open       `json:"open"`
	Vectors  string            `json:"vectors_sha256"`
	Products []product         `json:"products"`
}

type product struct {
	GTIN       shelf.GTIN `json:"gtin"`
	Name       string     `json:"name,omitempty"`
	References []entry    `json:"references"`
}

type entry struct {
	Crop   string `json:"crop"`
	Source string `json:"source,omitempty"`
}

// Encode returns the file's bytes, without a signature.
func (g *Gallery) Encode() ([]byte, error) { return g.encode(nil) }

// encode returns the file's bytes. sign, unless nil, returns the signature part for the bytes of gallery.json.
func (g *Gallery) encode(sign func(head []byte) ([]byte, error)) ([]byte, error) {
	idx := index{Format: Format, Version: g.Version, Embedder: g.Embedder, Open: g.Open, Products: []product{}}
	var vectors bytes.Buffer
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	written := map[string]bool{}
	for _, r := range g.References {
		if n := len(idx.Products); n == 0 || idx.Products[n-1].GTIN != r.GTIN {
			idx.Products = append(idx.Products, product{GTIN: r.GTIN, Name: g.Names[r.GTIN]})
		}
		p := &idx.Products[len(idx.Products)-1]
		sum := r.sum()
		p.References = append(p.References, entry{sum, r.Source})
		for _, v := range r.Vector {
			vectors.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		if !written[sum] {
			written[sum] = true
			if err := put(archive, "crops/"+sum+".jpg", r.JPEG); err != nil {
				return nil, err
			}
		}
	}
	hash := sha256.Sum256(vectors.Bytes())
	idx.Vectors = hex.EncodeToString(hash[:])
	head, err := json.MarshalIndent(idx, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode gallery: %w", err)
	}
	head = append(head, '\n')
	if sign != nil {
		seal, err := sign(head)
		if err = errors.Join(err, put(archive, signatureName, seal)); err != nil {
			return nil, fmt.Errorf("sign gallery: %w", err)
		}
	}
	if err := errors.Join(put(archive, vectorsName, vectors.Bytes()), put(archive, indexName, head), archive.Close()); err != nil {
		return nil, fmt.Errorf("encode gallery: %w", err)
	}
	return out.Bytes(), nil
}

// put stores data uncompressed, because JPEG and floats hardly shrink.
func put(archive *zip.Writer, name string, data []byte) error {
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Decode reads a file's bytes and checks every hash. Bytes that neither Encode nor EncodeSigned could have
// written give an error that wraps ErrFormat or ErrDamaged. A signature is not verified: see DecodeSigned.
func Decode(data []byte) (*Gallery, error) {
	return decode(data, func([]byte, *signature) error { return nil })
}

// decode reads a file's bytes. trust is given gallery.json and its signature (nil if there is none) and may
// refuse the file.
func decode(data []byte, trust func(head []byte, s *signature) error) (*Gallery, error) {
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("%w: %d MB, the limit is %d", ErrFormat, len(data)>>20, MaxFileBytes>>20)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	files := map[string]*zip.File{}
	for _, f := range archive.File {
		files[f.Name] = f
	}
	head, err := unpack(files, indexName, maxIndex)
	if err != nil {
		return nil, err
	}
	var seal *signature
	if _, signed := files[signatureName]; signed {
		part, err := unpack(files, signatureName, maxSignature)
		if err != nil {
			return nil, err
		}
		seal = &signature{}
		if err := json.Unmarshal(part, seal); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, signatureName, err)
		}
	}
	if err := trust(head, seal); err != nil {
		return nil, err
	}
	var idx index
	if err := json.Unmarshal(head, &idx); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, indexName, err)
	}
	if idx.Format != Format {
		return nil, fmt.Errorf("%w: format %d, this program reads %d", ErrFormat, idx.Format, Format)
	}
	if idx.Embedder.Dim <= 0 || idx.Embedder.Dim > maxDim {
		return nil, fmt.Errorf("%w: vectors of %d numbers", ErrDamaged, idx.Embedder.Dim)
	}
	g, err := idx.read(files)
	if err == nil && seal != nil {
		g.SignedBy = seal.Key
	}
	return g, err
}

func (idx index) read(files map[string]*zip.File) (*Gallery, error) {
	g := &Gallery{Version: idx.Version, Embedder: idx.Embedder, Open: idx.Open, Names: map[shelf.GTIN]string{}}
	total := 0
	for _, p := range idx.Products {
		total += len(p.References)
	}
	if total > MaxReferences {
		return nil, fmt.Errorf("%w: %d references, the limit is %d", ErrFormat, total, MaxReferences)
	}
	vectors, err := unpack(files, vectorsName, MaxFileBytes)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(vectors); hex.EncodeToString(sum[:]) != idx.Vectors {
		return nil, fmt.Errorf("%w: %s has another hash", ErrDamaged, vectorsName)
	}
	if len(vectors) != 4*idx.Embedder.Dim*total {
		return nil, fmt.Errorf("%w: %d bytes of vectors for %d references", ErrDamaged, len(vectors), total)
	}
	for _, p := range idx.Products {
		if p.GTIN == "" {
			return nil, fmt.Errorf("%w: a product without GTIN", ErrDamaged)
		}
		g.Names[p.GTIN] = p.Name
		for _, e := range p.References {
			crop, err := unpack(files, "crops/"+e.Crop+".jpg", maxCrop)
			if err != nil {
				return nil, err
			}
			r := Reference{GTIN: p.GTIN, Source: e.Source, JPEG: crop, Vector: make([]float32, idx.Embedder.Dim)}
			if r.sum() != e.Crop {
				return nil, fmt.Errorf("%w: crop %s has another hash", ErrDamaged, e.Crop)
			}
			for i := range r.Vector {
				r.Vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(vectors))
				vectors = vectors[4:]
			}
			g.References = append(g.References, r)
		}
	}
	g.sort()
	return g, nil
}

// unpack reads one file of the archive, at most limit bytes whatever its header claims.
func unpack(files map[string]*zip.File, name string, limit int64) ([]byte, error) {
	f, ok := files[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s is missing", ErrFormat, name)
	}
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrDamaged, name, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	return data, nil
}

// Load reads a gallery file. A signature is not verified: see LoadSigned.
func Load(path string) (*Gallery, error) { return load(path, Decode) }

func load(path string, decode func([]byte) (*Gallery, error)) (*Gallery, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open gallery: %w", err)
	}
	if info.Size() > MaxFileBytes {
		return nil, fmt.Errorf("gallery %s: %w: %d MB, the limit is %d", path, ErrFormat, info.Size()>>20, MaxFileBytes>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open gallery: %w", err)
	}
	g, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("gallery %s: %w", path, err)
	}
	return g, nil
}

// Save writes a gallery file without a signature. A reader sees either the old file or the new one, whole, even
// after a power cut.
func (g *Gallery) Save(path string) error {
	data, err := g.Encode()
	if err != nil {
		return err
	}
	return replaceFile(path, data, 0o644)
}
