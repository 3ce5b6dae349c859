package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/draw"
)

// printTable prints an observation for people: the picture's quality, its facings by shelf, and its slots.
func printTable(out io.Writer, path string, obs *shelf.Observation, kpis *shelf.PictureKPIs, names draw.Names) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %d×%d  %s  picture %s\n", path, obs.Width, obs.Height, counted(len(obs.Facings), "facing"), qualityWords(obs.Quality))
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	if len(obs.Facings) > 0 {
		fmt.Fprintln(t, "  SHELF\tPOS\tGTIN\tPRODUCT\tSURE\tFACING\tBOX")
		for _, i := range byPlace(obs.Facings) {
			f := obs.Facings[i]
			gtin, name, sure := "–", "unknown", "–"
			if f.GTIN != "" {
				gtin, name, sure = string(f.GTIN), names[f.GTIN], fmt.Sprintf("%.0f %%", 100*f.SKUScore)
			}
			place, pos := "–", "–"
			if f.Shelf > 0 {
				place, pos = fmt.Sprint(f.Shelf), fmt.Sprint(f.Position)
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%.0f %%\t%d,%d %d×%d\n", place, pos, gtin, name, sure, 100*f.Score, f.Box.X, f.Box.Y, f.Box.W, f.Box.H)
		}
	}
	if len(obs.Slots) > 0 {
		fmt.Fprintln(t, "\n  SLOT\tSTATE\tDUE\tPRESENT\tGTIN\tPRODUCT")
		for _, s := range obs.Slots {
			state := s.State.String()
			if s.State == shelf.Unknown {
				state += " (" + s.Reason.String() + ")"
			}
			fmt.Fprintf(t, "  %s\t%s\t%d\t%d\t%s\t%s\n", s.SlotID, state, s.Due, s.Present, s.GTIN, names[s.GTIN])
		}
	}
	if kpis != nil {
		fmt.Fprintln(t, "\n  KPI\tVALUE")
		for _, k := range []struct {
			name  string
			value shelf.Ratio
		}{
			{"on-shelf availability", kpis.OSA}, {"out of stock", kpis.OutOfStock}, {"assortment", kpis.Assortment}, {"compliance", kpis.Compliance},
			{"occupancy", kpis.Occupancy}, {"share of shelf, own", kpis.ShareOfShelf.Own}, {"competitors", kpis.ShareOfShelf.Competitor},
			{"unknown", kpis.ShareOfShelf.Unknown}, {"empty", kpis.ShareOfShelf.Empty}, {"purity", kpis.Purity},
		} {
			fmt.Fprintf(t, "  %s\t%s\n", k.name, k.value)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// counted returns a number of things in words: 1 facing, 2 facings.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func qualityWords(q shelf.Quality) string {
	if q.Reason != shelf.NoReason {
		return "cannot be judged: " + q.Reason.String()
	}
	if len(q.Blind) == 0 {
		return "clear"
	}
	count := map[shelf.Reason]int{}
	var order []shelf.Reason
	for _, b := range q.Blind {
		if count[b.Reason]++; count[b.Reason] == 1 {
			order = append(order, b.Reason)
		}
	}
	var words []string
	for _, r := range order {
		words = append(words, fmt.Sprintf("%s in %d parts", r, count[r]))
	}
	return strings.Join(words, ", ")
}

// byPlace returns the order of facings by shelf and position; those without a shelf come last.
func byPlace(facings []shelf.Facing) []int {
	order := make([]int, 0, len(facings))
	last := 0
	for _, f := range facings {
		last = max(last, f.Shelf)
	}
	for row := 1; row <= last+1; row++ {
		start := len(order)
		for i, f := range facings {
			if f.Shelf == row%(last+1) {
				order = append(order, i)
			}
		}
		part := order[start:]
		for i := range part {
			for k := i; k > 0 && facings[part[k]].Position < facings[part[k-1]].Position; k-- {
				part[k], part[k-1] = part[k-1], part[k]
			}
		}
	}
	return order
}
