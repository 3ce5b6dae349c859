package sales

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Edit changes a part of a master, and makes one that is not known.
type Edit struct {
	GTIN    shelf.GTIN            // of a product; "": it is a store's
	Store   string                // of a store
	Product func(*Product) *Fault // changes it
	Place   func(*Store) *Fault   // the same for a store
}

// EditMasters makes edits in their order, each good one, all in one transaction, and then takes the parked lines that
// waited for them. A verdict is stored: it is new, corrected, duplicate: it was so, or rejected. A trial changes nothing.
func (l *Ledger) EditMasters(ctx context.Context, tenant string, edits []Edit, trial bool) (verdicts []Verdict, replayed int, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		c, err := readCatalog(ctx, t.Tx, tenant)
		if err != nil {
			return err
		}
		verdicts = make([]Verdict, len(edits))
		for i, e := range edits {
			change := t.editStore
			if e.GTIN != "" {
				change = t.editProduct
			}
			var fault *Fault
			if verdicts[i].Status, err = change(ctx, c, e); errors.As(err, &fault) {
				verdicts[i], err = Verdict{Status: Rejected, Fault: fault}, nil
			}
			if err != nil {
				return err
			}
		}
		if trial {
			return errTried
		}
		t.masters++
		return nil
	})
	if trial && errors.Is(err, errTried) {
		return verdicts, 0, nil
	}
	if err == nil {
		replayed, err = l.Replay(ctx, tenant)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("edit masters: %w", err)
	}
	return verdicts, replayed, nil
}

func (t *turn) editProduct(ctx context.Context, c *catalog, e Edit) (Status, error) {
	g, err := shelf.ParseGTIN(string(e.GTIN))
	if err != nil {
		return "", &Fault{Code: BadGTIN, Field: "gtin", Text: err.Error()}
	}
	was, known := c.products[g]
	p := Product{Product: shelf.Product{GTIN: g}}
	if known {
		p = *was
	}
	if fault := e.Product(&p); fault != nil {
		return "", fault
	}
	if err := p.Validate(); err != nil {
		return "", err
	}
	if known && reflect.DeepEqual(*was, p) {
		return Duplicate, nil
	}
	if fault := c.namesOfProducts([]Product{p}); fault != nil {
		return "", fault
	}
	c.products[g] = &p
	if !known || !reflect.DeepEqual(was.Contains, p.Contains) {
		if err := c.checkPacks(); err != nil {
			if delete(c.products, g); known {
				c.products[g] = was
			}
			return "", err
		}
	}
	return status(known), t.putProduct(ctx, p)
}

func (t *turn) editStore(ctx context.Context, c *catalog, e Edit) (Status, error) {
	was, known := c.stores[e.Store]
	s := Store{Store: e.Store}
	if known {
		s = *was
	}
	if fault := e.Place(&s); fault != nil {
		return "", fault
	}
	if err := s.Validate(); err != nil {
		return "", err
	}
	if known && reflect.DeepEqual(*was, s) {
		return Duplicate, nil
	}
	if fault := c.namesOfStores([]Store{s}); fault != nil {
		return "", fault
	}
	c.stores[s.Store] = &s
	return status(known), t.putStore(ctx, s)
}

func status(known bool) Status {
	if known {
		return Corrected
	}
	return Stored
}
