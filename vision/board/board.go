// Package board defines the chessboard that a lens is calibrated with: the coordinates of its corners, and the
// sheet to print. Calibration is done once per camera type, before any frame is looked at.
//
// The sheet suits OpenCV's chessboard finder. It has an odd number of squares along one side and an even number
// along the other, so that it has only one way up. The printed size does not matter for a lens; that the board
// lies flat does.
package board

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

const (
	// Columns and Rows count the inner corners, where four squares meet.
	Columns, Rows = 9, 6
	// SquareMM is the side of a square on the printed sheet, in millimetres.
	SquareMM = 25

	pageWidthMM, pageHeightMM = 297, 210 // A4, landscape
	boardWidthMM              = (Columns + 1) * SquareMM
	boardHeightMM             = (Rows + 1) * SquareMM
	leftMM                    = (pageWidthMM - boardWidthMM) / 2.0
	topMM                     = (pageHeightMM - boardHeightMM) / 2.0
)

// Corners returns the inner corners row by row, in millimetres from the first one.
func Corners() [][2]float64 {
	out := make([][2]float64, 0, Columns*Rows)
	for r := range Rows {
		for c := range Columns {
			out = append(out, [2]float64{float64(c * SquareMM), float64(r * SquareMM)})
		}
	}
	return out
}

// At returns what the printed sheet shows at a point, in millimetres from the board's first inner corner: black
// inside a black square, white elsewhere on the paper. ok is false beyond the edge of the paper.
func At(x, y float64) (black, ok bool) {
	x, y = x+SquareMM, y+SquareMM // from the board's outer corner
	if x < -leftMM || y < -topMM || x >= pageWidthMM-leftMM || y >= pageHeightMM-topMM {
		return false, false
	}
	if x < 0 || y < 0 || x >= boardWidthMM || y >= boardHeightMM {
		return false, true
	}
	return (int(x/SquareMM)+int(y/SquareMM))%2 == 0, true
}

const note = "Coldshelf lens board: 10 x 7 squares of 25 mm. Print it on A4, glue it to something stiff and flat; " +
	"cooler-agent calibrate --help says how to photograph it."

// PDF returns one A4 page with the board as vector graphics.
func PDF() []byte {
	const pointsPerMM = 72 / 25.4
	var page bytes.Buffer
	fmt.Fprintf(&page, "%.5f 0 0 %.5f 0 0 cm\n0 g\n", pointsPerMM, pointsPerMM) // from here on in millimetres, from the lower left corner of the page
	for r := range Rows + 1 {
		for c := range Columns + 1 {
			if (r+c)%2 == 0 {
				fmt.Fprintf(&page, "%.2f %.2f %d %d re f\n", leftMM+float64(c*SquareMM), pageHeightMM-topMM-float64((r+1)*SquareMM), SquareMM, SquareMM)
			}
		}
	}
	fmt.Fprintf(&page, "BT /F1 3 Tf %.2f 6 Td (%s) Tj ET\n", leftMM, note)
	var out bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	out.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.3f %.3f] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		pageWidthMM*pointsPerMM, pageHeightMM*pointsPerMM))
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", page.Len(), page.String()))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return out.Bytes()
}

// PNG returns the same sheet as a picture with dotsPerMM pixels per millimetre, for a screen or for a printer
// that does not take PDF.
func PNG(dotsPerMM int) ([]byte, error) {
	img := image.NewGray(image.Rect(0, 0, pageWidthMM*dotsPerMM, pageHeightMM*dotsPerMM))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			black, _ := At((float64(x)+0.5)/float64(dotsPerMM)-leftMM-SquareMM, (float64(y)+0.5)/float64(dotsPerMM)-topMM-SquareMM)
			if !black {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode board: %w", err)
	}
	return b.Bytes(), nil
}
