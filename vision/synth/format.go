package synth

import (
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// The types of the files that FORMAT.md describes.

type jsonImage struct {
	ID       int    `json:"id"`
	FileName string `json:"file_name"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	FrameID  string `json:"frame_id"`
}

type jsonInstance struct {
	ID              int        `json:"id"`
	ImageID         int        `json:"image_id"`
	BBox            Rect       `json:"bbox"`
	Area            int        `json:"area"`
	IsCrowd         int        `json:"iscrowd"`
	CategoryID      int        `json:"category_id"`
	GTIN            shelf.GTIN `json:"gtin"`
	VisibleFraction float64    `json:"visible_fraction"`
	Truncated       bool       `json:"truncated"`
	LaneID          string     `json:"lane_id"`
	SlotID          string     `json:"slot_id"`
	DepthInLane     int        `json:"depth_in_lane"`
	OrderInLane     int        `json:"order_in_lane"`
	Facing          bool       `json:"facing"`
	Fallen          bool       `json:"fallen"`
	YawDeg          float64    `json:"yaw_deg"`
	Ignore          bool       `json:"ignore"`
}

type jsonFrame struct {
	FrameID     string     `json:"frame_id"`
	ImageID     int        `json:"image_id"`
	FileName    string     `json:"file_name"`
	CoolerID    string     `json:"cooler_id"`
	PlanogramID string     `json:"planogram_id"`
	Camera      lens.Spec  `json:"camera"`
	Condition   Condition  `json:"condition"`
	Quality     int        `json:"jpeg_quality"`
	VariantOf   *string    `json:"variant_of"`
	Sequence    *string    `json:"sequence"`
	TimeMin     *int       `json:"time_min"`
	Restock     *bool      `json:"restock"`
	Slots       []jsonSlot `json:"slots"`
}

type jsonSlot struct {
	SlotID          string     `json:"slot_id"`
	Row             int        `json:"row"`
	ExpectedGTIN    shelf.GTIN `json:"expected_gtin"`
	FacingsExpected int        `json:"facings_expected"`
	FacingsPresent  int        `json:"facings_present"`
	ItemsLeft       int        `json:"items_left"`
	Capacity        int        `json:"capacity"`
	State           State      `json:"state"`
	ViewFraction    float64    `json:"view_fraction"`
	Occluded        bool       `json:"occluded"`
	Box             *Rect      `json:"box"`
	Lanes           []jsonLane `json:"lanes"`
}

type jsonLane struct {
	LaneID       string      `json:"lane_id"`
	State        State       `json:"state"`
	Items        int         `json:"items"`
	Capacity     int         `json:"capacity"`
	WrongItems   int         `json:"wrong_items"`
	FrontGTIN    *shelf.GTIN `json:"front_gtin"`
	FrontDepth   *int        `json:"front_depth"`
	FrontVisible bool        `json:"front_visible"`
	ViewFraction float64     `json:"view_fraction"`
	Box          *Rect       `json:"box"`
}

type jsonSequence struct {
	SequenceID string   `json:"sequence_id"`
	Frames     []string `json:"frames"`
}

type jsonSKU struct {
	GTIN      shelf.GTIN `json:"gtin"`
	Name      string     `json:"name"`
	Brand     string     `json:"brand"`
	BrandZH   string     `json:"brand_zh"`
	Flavour   string     `json:"flavour"`
	FlavourZH string     `json:"flavour_zh"`
	Own       bool       `json:"own"`
	Pack      string     `json:"pack"`
	Net       string     `json:"net"`
}
