package board_test

import (
	"bytes"
	"fmt"
	"image/png"
	"regexp"
	"strconv"
	"testing"

	"github.com/coldshelf/coldshelf/vision/board"
)

func TestTheSheetHasEachCornerBetweenFourSquares(t *testing.T) {
	corners := board.Corners()
	if len(corners) != board.Columns*board.Rows {
		t.Fatalf("%d corners", len(corners))
	}
	for _, c := range corners {
		a, _ := board.At(c[0]-1, c[1]-1)
		b, _ := board.At(c[0]+1, c[1]-1)
		d, _ := board.At(c[0]-1, c[1]+1)
		e, _ := board.At(c[0]+1, c[1]+1)
		if a != e || b != d || a == b {
			t.Errorf("corner %v: %t %t %t %t", c, a, b, d, e)
		}
	}
	if black, ok := board.At(-board.SquareMM-5, 0); black || !ok {
		t.Error("the board has no white border")
	}
}

func TestThePNGIsTheSheet(t *testing.T) {
	data, err := board.PNG(4)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 297*4 || b.Dy() != 210*4 {
		t.Errorf("%v", b)
	}
	dark := 0
	for y := range 210 * 4 {
		for x := range 297 * 4 {
			if r, _, _, _ := img.At(x, y).RGBA(); r == 0 {
				dark++
			}
		}
	}
	if want := 35 * board.SquareMM * board.SquareMM * 16; dark != want {
		t.Errorf("%d black dots, want those of 35 squares, %d", dark, want)
	}
}

// Every object stands where the table says, and the page holds 35 squares: what a PDF reader goes by.
func TestThePDFIsWellFormed(t *testing.T) {
	data := board.PDF()
	table := regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`).FindAllSubmatch(data, -1)
	if len(table) != 5 {
		t.Fatalf("%d objects", len(table))
	}
	for i, entry := range table {
		at, err := strconv.Atoi(string(entry[1]))
		if err != nil || !bytes.HasPrefix(data[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
			t.Errorf("object %d is not at %d", i+1, at)
		}
	}
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(data)
	if start == nil {
		t.Fatal("no end")
	}
	if at, err := strconv.Atoi(string(start[1])); err != nil || !bytes.HasPrefix(data[at:], []byte("xref\n")) {
		t.Errorf("the table is not at %s", start[1])
	}
	stream := regexp.MustCompile(`(?s)/Length (\d+) >>\nstream\n(.*?)endstream`).FindSubmatch(data)
	if n, err := strconv.Atoi(string(stream[1])); err != nil || n != len(stream[2]) {
		t.Errorf("the page has %d bytes, it says %s", len(stream[2]), stream[1])
	}
	if n := bytes.Count(stream[2], []byte(" re f\n")); n != 35 {
		t.Errorf("%d squares", n)
	}
}
