package kpi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Dim is something that an answer can be divided by.
type Dim string

// Dims. Times are the stores' own, but for Hour, which is an instant.
const (
	SKU       Dim = "sku"
	Brand     Dim = "brand"
	Category  Dim = "category"
	Own       Dim = "own" // own, competitor
	Store     Dim = "store"
	Region    Dim = "region"
	Hour      Dim = "hour"        // RFC 3339, UTC
	Day       Dim = "day"         // 2026-03-02
	WeekOf    Dim = "week"        // its Monday
	HourOfDay Dim = "hour_of_day" // 0 to 23
	Weekday   Dim = "weekday"     // 1 Monday to 7 Sunday
	Channel   Dim = "channel"     // of sales alone
)

// Dims lists those that every question takes.
func Dims() []Dim {
	return []Dim{SKU, Brand, Category, Own, Store, Region, Hour, Day, WeekOf, HourOfDay, Weekday}
}

func (d Dim) ofProduct() bool { return d == SKU || d == Brand || d == Category || d == Own }

// Query selects and divides. An empty list selects all.
type Query struct {
	Tenant   string
	From, To time.Time
	By       []Dim

	Stores, Regions, Brands, Categories []string
	GTINs                               []shelf.GTIN
	Own                                 *bool
}

// longestByHour bounds what is read hour by hour.
const longestByHour = 93 * 24 * time.Hour

// Validate says what is wrong with a question.
func (q *Query) Validate() error {
	if !q.From.Before(q.To) {
		return fmt.Errorf("from %s is not before to %s", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	for i, d := range q.By {
		if slices.Contains(q.By[:i], d) {
			return fmt.Errorf("by %s is there twice", d)
		}
	}
	if q.byHour() && q.To.Sub(q.From) > longestByHour {
		return fmt.Errorf("by hour or hour_of_day reaches over %d days at most", int(longestByHour.Hours()/24))
	}
	return nil
}

// byHour: the answer needs single hours rather than days.
func (q *Query) byHour() bool { return slices.Contains(q.By, Hour) || slices.Contains(q.By, HourOfDay) }

// shifted is the same question of another time.
func (q Query) shifted(d time.Duration) Query {
	q.From, q.To = q.From.Add(d), q.To.Add(d)
	return q
}

// selector tells what a query selects, and under which key it counts.
type selector struct {
	*Query
	masters *merge.Masters
	wanted  map[shelf.GTIN]bool
}

func (s *selector) store(p *merge.Place) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return in(s.Stores, p.Store.Store) && in(s.Regions, p.Region)
}

// sku reports whether a product is asked for.
func (s *selector) sku(g shelf.GTIN) bool {
	want, known := s.wanted[g]
	if known {
		return want
	}
	var brand, category string
	own := false
	if p := s.masters.Products[g]; p != nil {
		brand, category, own = p.Brand, p.Category, p.Own
	}
	want = (len(s.GTINs) == 0 || slices.Contains(s.GTINs, g)) && (len(s.Brands) == 0 || slices.Contains(s.Brands, brand)) &&
		(len(s.Categories) == 0 || slices.Contains(s.Categories, category)) && (s.Own == nil || *s.Own == own)
	s.wanted[g] = want
	return want
}

// allSKUs reports whether no product is left out.
func (s *selector) allSKUs() bool {
	return len(s.GTINs)+len(s.Brands)+len(s.Categories) == 0 && s.Own == nil
}

// key names the group of a product (g; "" for the store itself) in a store at a time.
func (s *selector) key(p *merge.Place, g shelf.GTIN, at time.Time) string {
	var b strings.Builder
	for i, d := range s.By {
		if i > 0 {
			b.WriteByte(0x1f)
		}
		b.WriteString(s.value(d, p, g, at))
	}
	return b.String()
}

func (s *selector) value(d Dim, p *merge.Place, g shelf.GTIN, at time.Time) string {
	product := s.masters.Products[g]
	switch d {
	case SKU:
		return string(g)
	case Brand:
		if product != nil {
			return product.Brand
		}
	case Category:
		if product != nil {
			return product.Category
		}
	case Own:
		if product != nil && product.Own {
			return "own"
		}
		return "competitor"
	case Store:
		return p.Store.Store
	case Region:
		return p.Region
	case Hour:
		return at.UTC().Format(time.RFC3339)
	case Day:
		return at.Format(time.DateOnly)
	case WeekOf:
		return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format(time.DateOnly)
	case HourOfDay:
		return strconv.Itoa(at.Hour())
	case Weekday:
		return strconv.Itoa((int(at.Weekday())+6)%7 + 1)
	}
	return ""
}

// values takes a key apart.
func (q *Query) values(key string) map[Dim]string {
	out := map[Dim]string{}
	if len(q.By) == 0 {
		return out
	}
	for i, v := range strings.Split(key, "\x1f") {
		out[q.By[i]] = v
	}
	return out
}
