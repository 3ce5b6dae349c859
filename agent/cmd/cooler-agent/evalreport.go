package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
	"text/tabwriter"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/score"
)

// figure is a number that may be missing; a missing one is NaN here and null in JSON.
type figure float64

// MarshalJSON writes four decimals, or null.
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(f)*1e4) / 1e4)
}

func (f figure) String() string {
	if math.IsNaN(float64(f)) {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(f))
}

// evalPart holds the figures of some of a set's pictures.
type evalPart struct {
	Images    int        `json:"images"`
	AP50      figure     `json:"ap50"`
	AP75      figure     `json:"ap75"`
	Recall50  figure     `json:"recall50"`
	Precision figure     `json:"precision50"`
	CountMAE  figure     `json:"count_mae"`
	SKUTop1   figure     `json:"sku_top1"`
	SKUWrong  figure     `json:"sku_wrong"`
	Unknown   figure     `json:"unknown_rate"`
	SlotRight figure     `json:"slot_right"`
	Stockout  stockParts `json:"stockout"`
}

type stockParts struct {
	Precision figure `json:"precision"`
	Recall    figure `json:"recall"`
	FromBad   int    `json:"false_from_bad_frames"`
	Said      int    `json:"said"`
	True      int    `json:"true"`
	Silent    int    `json:"silent"`
}

type episodeParts struct {
	Precision figure `json:"precision"`
	Recall    figure `json:"recall"`
	Said      int    `json:"said"`
	True      int    `json:"true"`
	Late      figure `json:"late_frames"`
}

// costParts are means per picture, in milliseconds.
type costParts struct {
	Gate   figure `json:"gate_ms"`
	Detect figure `json:"detect_ms"`
	Name   figure `json:"name_ms"`
	Judge  figure `json:"judge_ms"`
}

// evalReport is what eval --json prints.
type evalReport struct {
	evalPart
	SlotConfusion score.Confusion     `json:"slot_confusion"`
	LaneConfusion score.Confusion     `json:"lane_confusion"`
	Episodes      episodeParts        `json:"episodes"`
	ByCondition   map[string]evalPart `json:"by_condition"`
	ByCamera      map[string]evalPart `json:"by_camera"`
	Cost          costParts           `json:"cost"`
	Model         string              `json:"model"`
	Runtime       string              `json:"runtime"`
	Seconds       float64             `json:"seconds"`
}

func (e *evaluation) report() evalReport {
	r := evalReport{evalPart: partOf(e.results), ByCondition: map[string]evalPart{}, ByCamera: map[string]evalPart{}}
	conditions, cameras := map[string][]evalResult{}, map[string][]evalResult{}
	var slots, lanes []score.Slot
	for _, res := range e.results {
		conditions[res.frame.condition] = append(conditions[res.frame.condition], res)
		if res.frame.camera != nil {
			cameras[res.frame.camera.Kind] = append(cameras[res.frame.camera.Kind], res)
		}
		slots, lanes = append(slots, res.slots...), append(lanes, res.lanes...)
	}
	for name, results := range conditions {
		r.ByCondition[name] = partOf(results)
	}
	for name, results := range cameras {
		r.ByCamera[name] = partOf(results)
	}
	r.SlotConfusion, r.LaneConfusion = score.Confuse(slots), score.Confuse(lanes)
	ep := score.MeasureEpisodes(e.sequences())
	r.Episodes = episodeParts{figure(ep.Precision), figure(ep.Recall), ep.Said, ep.True, figure(ep.LateMean)}
	r.Cost = costOf(e.results)
	return r
}

func partOf(results []evalResult) evalPart {
	var images []score.Image
	var slots []score.Slot
	for _, r := range results {
		images, slots = append(images, r.image), append(slots, r.slots...)
	}
	b, n, s := score.MeasureBoxes(images), score.MeasureNames(images, clearVisible), score.MeasureStockouts(slots)
	right := 0
	for _, v := range slots {
		if (v.Hidden && v.Said == 0) || (!v.Hidden && v.Said == v.Truth) {
			right++
		}
	}
	share := math.NaN()
	if len(slots) > 0 {
		share = float64(right) / float64(len(slots))
	}
	return evalPart{
		Images: len(results), AP50: figure(b.AP50), AP75: figure(b.AP75), Recall50: figure(b.Recall), Precision: figure(b.Precise), CountMAE: figure(b.CountMAE),
		SKUTop1: figure(n.Top1), SKUWrong: figure(n.Wrong), Unknown: figure(n.Unknown), SlotRight: figure(share),
		Stockout: stockParts{figure(s.Precision), figure(s.Recall), s.FromBad, s.Said, s.True, s.Silent},
	}
}

func costOf(results []evalResult) costParts {
	var gate, detect, name, judge time.Duration
	for _, r := range results {
		gate, detect, name, judge = gate+r.costs.Gate, detect+r.costs.Detect, name+r.costs.Name, judge+r.costs.Judge
	}
	mean := func(d time.Duration) figure {
		return figure(d.Seconds() * 1000 / float64(max(1, len(results))))
	}
	return costParts{mean(gate), mean(detect), mean(name), mean(judge)}
}

// printWrong writes a line for each slot that was judged wrongly.
func (e *evaluation) printWrong(out io.Writer) {
	for _, r := range e.results {
		for i, s := range r.slots {
			if (s.Hidden && s.Said == shelf.Unknown) || (!s.Hidden && s.Said == s.Truth) {
				continue
			}
			t, hidden := r.told[i], ""
			if s.Hidden {
				hidden = " (hidden)"
			}
			fmt.Fprintf(out, "%s %s slot %s at %d,%d,%d,%d: was %s%s, said %s %s, %d of %d\n", r.frame.id, r.frame.condition, r.ofSlot[i],
				t.Box.X, t.Box.Y, t.Box.W, t.Box.H, s.Truth, hidden, s.Said, t.Reason, t.Present, t.Due)
		}
	}
}

// print writes the table and the cost of a picture.
func (r evalReport) print(out io.Writer) error {
	if err := r.table(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s on %s, %.1f s; a picture costs gate %.0f ms, detector %.0f ms, names %.0f ms, judgement %.0f ms.\n",
		r.Model, r.Runtime, r.Seconds, float64(r.Cost.Gate), float64(r.Cost.Detect), float64(r.Cost.Name), float64(r.Cost.Judge))
	return err
}

// forCard writes what goes into a model card. It is the same every time for the same networks and pictures.
func (r evalReport) forCard(out io.Writer, set string) error {
	fmt.Fprintf(out, "### %s\n\n%s\n\n", set, r.Model)
	return r.table(out)
}

func (r evalReport) table(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "| pictures\t| n\t| AP50\t| AP75\t| recall\t| count off by\t| SKU right\t| SKU unknown\t| slots right\t| stockout precision\t| recall\t| false from bad\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	row := func(name string, p evalPart) {
		fmt.Fprintf(t, "| %s\t| %d\t| %v\t| %v\t| %v\t| %v\t| %v\t| %v\t| %v\t| %v (%d said)\t| %v (%d true)\t| %d\t|\n", name, p.Images, p.AP50, p.AP75, p.Recall50, p.CountMAE,
			p.SKUTop1, p.Unknown, p.SlotRight, p.Stockout.Precision, p.Stockout.Said, p.Stockout.Recall, p.Stockout.True, p.Stockout.FromBad)
	}
	row("all", r.evalPart)
	for _, part := range []map[string]evalPart{r.ByCondition, r.ByCamera} {
		names := make([]string, 0, len(part))
		for name := range part {
			if name != "all" { // the set gives no conditions
				names = append(names, name)
			}
		}
		sort.Strings(names)
		for _, name := range names {
			row(name, part[name])
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Episodes.True+r.Episodes.Said > 0 {
		_, err := fmt.Fprintf(out, "\nStockout episodes of sequences: precision %v (%d said), recall %v (%d true), found %v pictures late.\n",
			r.Episodes.Precision, r.Episodes.Said, r.Episodes.Recall, r.Episodes.True, r.Episodes.Late)
		return err
	}
	return nil
}
