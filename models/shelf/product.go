package shelf

// Product is what a GTIN stands for. Own tells the brand's goods from a competitor's; the share of
// shelf and purity are computed on it.
type Product struct {
	GTIN   GTIN   `json:"gtin" yaml:"gtin"`
	Name   string `json:"name" yaml:"name"`
	NameZH string `json:"name_zh,omitempty" yaml:"name_zh,omitempty"`
	Brand  string `json:"brand,omitempty" yaml:"brand,omitempty"`
	Own    bool   `json:"own" yaml:"own"`
}
