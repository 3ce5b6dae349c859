// Command shrink puts pictures of the page into the docs as PNGs of 256 colours: a page has few colours,
// so that it loses next to nothing, and a repository keeps a third of the bytes. It takes a folder of
// PNGs and the folder that they go to.
package main

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: shrink FROM TO")
		os.Exit(2)
	}
	if err := shrinkAll(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func shrinkAll(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.png"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds no PNG", from)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := shrinkFile(file, filepath.Join(to, filepath.Base(file))); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func shrinkFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	picture, err := png.Decode(r)
	if err != nil {
		return err
	}
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(w, reduce(picture)); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// reduce keeps a picture's 256 most frequent colours, told apart to 32 levels a channel, and gives every
// pixel the nearest of them.
func reduce(picture image.Image) *image.Paletted {
	b := picture.Bounds()
	counts := map[color.RGBA]int{} // of the exact colours
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			counts[at(picture, x, y)]++
		}
	}
	common := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	// Of colours that look the same the most frequent one stands for all.
	palette, taken := color.Palette{}, map[[3]uint8]bool{}
	for _, c := range common {
		if k := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}; len(palette) < 256 && !taken[k] {
			taken[k], palette = true, append(palette, c)
		}
	}
	out := image.NewPaletted(b, palette)
	nearest := map[color.RGBA]uint8{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := at(picture, x, y)
			i, known := nearest[c]
			if !known {
				i = uint8(palette.Index(c))
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

func at(picture image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
}
