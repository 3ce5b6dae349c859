package intake

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// masterKind is what a file can be of: products or stores.
type masterKind struct {
	name  string
	key   string              // the field without which there is none
	names map[string][]string // of each field: how columns are called; spaces, dashes, dots and case do not count
}

// codeField begins the fields of how channels call it: a column code:shop, or 编码:shop.
const codeField = "code:"

var masterKinds = []*masterKind{
	{name: "products", key: "gtin", names: map[string][]string{
		"gtin":           {"gtin", "gtin13", "gtin14", "ean", "ean13", "ean code", "upc", "barcode", "bar code", "条码", "条形码", "商品条码", "商品条形码", "国际条码", "69码"},
		"name":           {"name", "product", "product name", "item name", "article name", "description", "item description", "名称", "品名", "商品名称", "商品名", "产品名称", "货品名称"},
		"name_zh":        {"name zh", "chinese name", "中文名", "中文名称"},
		"brand":          {"brand", "brand name", "品牌", "品牌名称"},
		"own":            {"own", "own brand", "ours", "自有", "是否自有", "本品", "是否本品"},
		"category":       {"category", "product category", "department", "类别", "分类", "品类", "商品类别", "商品分类"},
		"group":          {"group", "interchangeable group", "substitution group", "可替代组", "替代组"},
		"price":          {"price", "list price", "retail price", "selling price", "sales price", "rrp", "价格", "售价", "零售价", "标价", "建议零售价"},
		"cost":           {"cost", "cost price", "purchase price", "buying price", "进价", "进货价", "采购价", "成本", "成本价"},
		"currency":       {"currency", "currency code", "币种", "货币"},
		"contains_gtin":  {"contains", "contains gtin", "unit gtin", "inner gtin", "unit barcode", "单品条码", "内装条码", "内含条码"},
		"contains_count": {"contains count", "units per case", "case size", "pack size", "箱规", "装箱数", "入数", "内装数量", "内含数量"},
	}},
	{name: "stores", key: "store", names: map[string][]string{
		"store":           {"store", "store id", "store no", "store number", "store code", "shop", "shop id", "branch", "branch code", "门店", "门店编号", "门店编码", "门店代码", "门店号", "店号", "店铺编号"},
		"name":            {"name", "store name", "shop name", "branch name", "名称", "门店名称", "店名", "店铺名称"},
		"gln":             {"gln", "global location number", "全球位置码"},
		"lat":             {"lat", "latitude", "纬度"},
		"lon":             {"lon", "lng", "longitude", "经度"},
		"tz":              {"tz", "time zone", "timezone", "时区"},
		"hours":           {"hours", "opening hours", "business hours", "营业时间"},
		"region":          {"region", "area", "区域", "大区", "地区"},
		"channel":         {"channel", "trade channel", "format", "渠道", "业态"},
		"class":           {"class", "grade", "等级", "门店等级", "级别"},
		"currency":        {"currency", "currency code", "币种", "货币"},
		"restock_minutes": {"restock", "restock minutes", "补货时间", "补货分钟"},
		"pick_cost":       {"pick cost", "picking cost", "拣货成本"},
		"safety_units":    {"safety units", "safety stock", "安全库存"},
		"no_orders":       {"no orders", "no online orders", "不接网单", "不接线上订单"},
	}},
}

var plainName = strings.NewReplacer(" ", "", "_", "", "-", "", ".", "", "\u00a0", "", "\u3000", "", "：", ":")

// field is what a column is called here; "": it is not read.
func (k *masterKind) field(column string) string {
	name := plainName.Replace(strings.ToLower(column))
	for _, begin := range []string{codeField, "编码:"} {
		if strings.HasPrefix(name, begin) && len(name) > len(begin) {
			_, channel, _ := strings.Cut(strings.ReplaceAll(column, "：", ":"), ":")
			return codeField + strings.TrimSpace(channel)
		}
	}
	for field, names := range k.names {
		if slices.ContainsFunc(names, func(n string) bool { return plainName.Replace(n) == name }) {
			return field
		}
	}
	return ""
}

func (k *masterKind) has(columns []string, field string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return k.field(c) == field })
}

func (k *masterKind) known(columns []string) (n int) {
	for _, c := range columns {
		if k.field(c) != "" {
			n++
		}
	}
	return n
}

func (k *masterKind) other() *masterKind {
	if k == masterKinds[0] {
		return masterKinds[1]
	}
	return masterKinds[0]
}

// masterRow is the fields of a row.
type masterRow struct {
	form  *MasterForm
	at    map[string]string
	codes map[string]string // by channel
	fault *sales.Fault      // what is wrong first
}

func (m *masterRow) wrong(code, field string, err error) {
	if err == nil || m.fault != nil {
		return
	}
	m.fault = &sales.Fault{Code: code, Field: field, Text: err.Error()}
	if errors.As(err, &m.fault) && m.fault.Field == "" {
		m.fault.Field = field
	}
}

// set replaces what is known by what a field says.
func (m *masterRow) set(field string, to *string) {
	if v := m.at[field]; v != "" {
		*to = v
	}
}

func (m *masterRow) flag(field string, to *bool) {
	if v := m.at[field]; v != "" {
		b, err := yes(v)
		if err != nil {
			m.wrong(sales.NotUnderstood, field, fmt.Errorf("%q %w", v, err))
			return
		}
		*to = b
	}
}

func (m *masterRow) whole(field string, to *int64) {
	if v := m.at[field]; v != "" {
		n, err := wholeNumber(v)
		if err != nil {
			m.wrong(sales.BadNumber, field, err)
			return
		}
		*to = n
	}
}

func (m *masterRow) money(field, currency string, to *int64) {
	v := m.at[field]
	if v == "" {
		return
	}
	plain, err := m.form.number(v)
	var n int64
	if err == nil {
		n, err = sales.ParseMoney(plain, currency)
	}
	if err != nil {
		var fault *sales.Fault
		if errors.As(err, &fault) && fault.Code == sales.Missing {
			fault.Hint = "the file has no currency: give one for all (--currency CNY, ?currency=CNY), or a column for it"
		}
		m.wrong(sales.BadNumber, field, err)
		return
	}
	*to = n
}

func (m *masterRow) degrees(field string, to **float64) {
	v := m.at[field]
	if v == "" {
		return
	}
	if strings.Count(v, ",") == 1 && !strings.Contains(v, ".") {
		v = strings.Replace(v, ",", ".", 1) // degrees have no thousands
	}
	d, err := strconv.ParseFloat(v, 64)
	if err != nil {
		m.wrong(sales.BadNumber, field, fmt.Errorf("%q is no number of degrees such as 31.2304", m.at[field]))
		return
	}
	*to = &d
}

// named is the codes with those of the row in their place; one of a channel that the file names stands for all of it.
func (m *masterRow) named(was []sales.Code) []sales.Code {
	list := slices.Clone(was)
	for _, channel := range slices.Sorted(maps.Keys(m.codes)) {
		code := m.codes[channel]
		if code == "" || slices.Contains(list, sales.Code{Channel: channel, Code: code}) {
			continue
		}
		list = slices.DeleteFunc(list, func(c sales.Code) bool { return c.Channel == channel })
		list = append(list, sales.Code{Channel: channel, Code: code})
	}
	return list
}

// product changes a product to what the row says.
func (m *masterRow) product(p *sales.Product) *sales.Fault {
	m.fault = nil
	m.set("name", &p.Name)
	m.set("name_zh", &p.NameZH)
	m.set("brand", &p.Brand)
	m.flag("own", &p.Own)
	m.set("category", &p.Category)
	m.set("group", &p.Group)
	m.currency(&p.Currency, p.Price != 0 && m.at["price"] == "" || p.Cost != 0 && m.at["cost"] == "")
	m.money("price", p.Currency, &p.Price)
	m.money("cost", p.Currency, &p.Cost)
	if gtin := m.at["contains_gtin"]; gtin != "" {
		pack := sales.Pack{GTIN: shelf.GTIN(gtin)}
		m.whole("contains_count", &pack.Count)
		if pack.Count == 0 && m.fault == nil {
			m.wrong(sales.Missing, "contains_count", errors.New("how many of it a pack holds is missing"))
		}
		p.Contains = &pack
	}
	p.Codes = m.named(p.Codes)
	if p.Name == "" {
		m.wrong(sales.Missing, "name", errors.New("a product that is not known yet needs a name"))
	}
	return m.fault
}

// currency is that of the row's money. What was said in another one, and the row does not say anew, would be wrong in it.
func (m *masterRow) currency(to *string, keeps bool) {
	said := strings.ToUpper(m.at["currency"])
	switch said {
	case "RMB", "人民币", "元", "¥", "￥":
		said = "CNY"
	}
	if said == "" && (m.at["price"] != "" || m.at["cost"] != "") {
		said = m.form.Currency
	}
	if said == "" || said == *to {
		return
	}
	if *to != "" && keeps {
		m.wrong(sales.MixedCurrency, "currency", fmt.Errorf("price and cost are in one currency, which was %s: give both in %s", *to, said))
		return
	}
	*to = said
}

// store changes a store to what the row says.
func (m *masterRow) store(s *sales.Store) *sales.Fault {
	m.fault = nil
	m.set("name", &s.Name)
	m.set("gln", &s.GLN)
	m.degrees("lat", &s.Lat)
	m.degrees("lon", &s.Lon)
	m.set("tz", &s.TZ)
	m.set("hours", &s.Hours)
	m.set("region", &s.Region)
	m.set("channel", &s.Channel)
	m.set("class", &s.Class)
	m.currency(&s.Currency, s.PickCost != 0 && m.at["pick_cost"] == "")
	restock := int64(s.Restock)
	m.whole("restock_minutes", &restock)
	s.Restock = sales.Minutes(restock)
	currency := s.Currency
	if currency == "" {
		currency = m.form.Currency
	}
	m.money("pick_cost", currency, &s.PickCost)
	m.whole("safety_units", &s.SafetyUnits)
	m.flag("no_orders", &s.NoOrders)
	s.Codes = m.named(s.Codes)
	return m.fault
}

// ambiguous numbers could be a thousand, or have three decimals.
var ambiguous = regexp.MustCompile(`^-?\d{1,3}[.,]\d{3}$`)

// money's signs, which programs write beside it.
var moneySigns = strings.NewReplacer("¥", "", "￥", "", "€", "", "$", "", "£", "", "元", "")

// number brings a number to digits and a point, by what the form says or the number itself shows.
func (f *MasterForm) number(text string) (string, error) {
	plain := strings.TrimSpace(moneySigns.Replace(text))
	decimal := f.Decimal
	if decimal == "" {
		if ambiguous.MatchString(plain) {
			return "", &sales.Fault{Code: sales.BadNumber, Text: fmt.Sprintf("%q could be a thousand, or have decimals", text), Hint: "say which sign stands before decimals: --decimal comma or point (?decimal=comma)"}
		}
		if commaNumber.MatchString(plain) && !pointNumber.MatchString(plain) {
			decimal = "comma"
		}
	}
	how := &Mapping{Money: map[string]string{"comma": "comma"}[decimal]}
	plain, err := how.plain(plain, false)
	if err != nil {
		return "", &sales.Fault{Code: sales.BadNumber, Text: fmt.Sprintf("%q is not a price such as 12.50 or 12,50", text)}
	}
	return plain, nil
}
