package shelf

import "time"

// Blind is a part of a picture that cannot be judged, and why.
type Blind struct {
	Box    Box    `json:"box"`
	Reason Reason `json:"reason"`
}

// SlotView is where a slot's front stands in a picture.
type SlotView struct {
	Box     Box     // of the whole slot, cut at the picture's edge
	Lanes   []Box   // one a facing due, left to right; empty: Box is split evenly
	InFrame float64 // share of the slot's front that lies inside the picture, 0 to 1
}

// View is what a camera could judge in one picture: where each slot stands, and which parts of the
// picture are blind. Vision makes it; Compare only reads it.
type View struct {
	Width, Height int                 // of the picture, pixels
	Whole         Reason              // the whole picture is blind, if not NoReason
	Blind         []Blind             // parts that are
	Slots         map[string]SlotView // by slot ID; a slot that is missing is out of view
}

// SlotReading is the judgement of one slot in one picture.
type SlotReading struct {
	SlotID  string `json:"slot"`
	Shelf   int    `json:"shelf"` // 1 is the highest
	GTIN    GTIN   `json:"gtin"`  // due there
	State   State  `json:"state"`
	Reason  Reason `json:"reason,omitempty"` // only with Unknown
	Due     int    `json:"facings_due"`
	Present int    `json:"facings_present"`          // of the due product; facings without a name count with them
	Hidden  int    `json:"facings_hidden,omitempty"` // of those due: could stand where nothing can be seen; 0 with Unknown
	Seen    []int  `json:"seen,omitempty"`           // indices of the observation's facings that stand in the slot
	Box     Box    `json:"box"`                      // where it was looked for
}

// Quality is the gate's verdict on one picture, with what it measured.
type Quality struct {
	Reason   Reason  `json:"reason,omitempty"` // of the whole picture; NoReason: it can be judged
	Blind    []Blind `json:"blind,omitempty"`
	Sharp    float64 `json:"sharpness"`  // variance of the Laplacian on 8-bit luma, at 640 px width
	Bright   float64 `json:"brightness"` // mean luma, 0 to 1
	Contrast float64 `json:"contrast"`   // standard deviation of luma, 0 to 1
	Clipped  float64 `json:"clipped"`    // share of pixels at white, 0 to 1
}

// Observation is one look at one cooler: facts (facings, quality) and the board's judgement of them
// (slots) under one version of one planogram, by one set of networks.
type Observation struct {
	CapturedAt       time.Time     `json:"captured_at"`
	Width            int           `json:"width"`
	Height           int           `json:"height"`
	PlanogramID      string        `json:"planogram_id,omitempty"`
	PlanogramVersion int           `json:"planogram_version,omitempty"`
	Model            string        `json:"model"` // detector and embedder with their versions
	Quality          Quality       `json:"quality"`
	Facings          []Facing      `json:"facings"`
	Slots            []SlotReading `json:"slots"`
}
