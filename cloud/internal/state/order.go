package state

// Order is a message's place among the messages of its device: first by boot, then by seq. Neither the time of
// arrival nor a board's clock says anything about it.
type Order struct {
	Boot uint32 `json:"boot"`
	Seq  uint64 `json:"seq"`
}

// After reports whether o comes later than p.
func (o Order) After(p Order) bool {
	if o.Boot != p.Boot {
		return o.Boot > p.Boot
	}
	return o.Seq > p.Seq
}
