package shelf

// PictureKPIs are the KPIs of one observation: what a picture says by itself, without what was before it or what is sold.
type PictureKPIs struct {
	Assortment   Ratio      `json:"assortment"`
	OSA          Ratio      `json:"osa"`
	OutOfStock   Ratio      `json:"out_of_stock"`
	Compliance   Ratio      `json:"compliance"` // its four parts alike
	Occupancy    Ratio      `json:"occupancy"`
	Purity       Ratio      `json:"purity"`
	ShareOfShelf ShelfShare `json:"share_of_shelf"`
}

// MeasurePicture gives them; the observation's slots must have been judged by the planogram.
func MeasurePicture(p *Planogram, o *Observation) PictureKPIs {
	return PictureKPIs{
		Assortment: Assortment(p, o), OSA: OSA(o.Slots), OutOfStock: OutOfStockRate(o.Slots), Compliance: Compliance(p, o, ComplianceWeights{}),
		Occupancy: Occupancy(o.Slots), Purity: Purity(p, o), ShareOfShelf: ShareOfShelf(p, o),
	}
}
