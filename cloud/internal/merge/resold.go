package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// resold is a stored hour whose looks are kept no more, with its sales as they are told now; nil where none is stored.
// What was seen in it and what its absences cost stay as they were judged.
func (f *Follower) resold(ctx context.Context, out *folded, start time.Time, sold []Sold) (*stored, error) {
	var body []byte
	h := &stored{Hour: Hour{Start: start}}
	err := f.DB.QueryRow(ctx, "SELECT day, closed, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour = ?", out.tenant, out.store, start.Unix()).Scan(&h.day, &h.closed, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = unpack(&h.Hour, body)
	}
	if err != nil {
		return nil, fmt.Errorf("read merged hour of %s: %w", out.store, err)
	}
	h.resell(sold)
	return h, nil
}

// resell puts other sales in the place of an hour's.
func (h *Hour) resell(sold []Sold) {
	due, was := h.soldOffShelf(), h.Receipts
	for i := range h.Cells {
		h.Cells[i].Sales = nil
	}
	(&Facts{Sold: sold}).foldSold(h)
	switch { // when in the hour people were counted is known no more
	case h.Receipts == was:
	case was > 0:
		h.CountedReceipts = h.CountedReceipts * h.Receipts / was
	case h.Open > 0:
		h.CountedReceipts = h.Receipts * h.Counted / h.Open
	}
	for i := range h.Cells {
		if c := &h.Cells[i]; c.Rated > 0 {
			c.learnFrom()
		}
	}
	h.spreadSold(h.soldOffShelf() - due)
}

// soldOffShelf is what was bought off the shelf of products that coolers were due to hold.
func (h *Hour) soldOffShelf() (units int64) {
	for i := range h.Cells {
		if h.Cells[i].DueAll > 0 {
			units += h.Cells[i].OffShelf()
		}
	}
	return units
}

// spreadSold adds to what coolers sold, to each by its part of the facings due: which products stood in which is known no
// more.
func (h *Hour) spreadSold(units int64) {
	var all int64
	for i := range h.Coolers {
		all += h.Coolers[i].DueAll
	}
	if all == 0 {
		return
	}
	for i := range h.Coolers {
		h.Coolers[i].Sold += micro(float64(units) * float64(h.Coolers[i].DueAll) / float64(all))
	}
}
