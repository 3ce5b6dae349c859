package synth

import "strings"

type brand struct {
	latin, han string
	own        bool
}

// newBrand invents a brand name of two or three syllables, and one of two Chinese characters.
func newBrand(r random) brand {
	heads := strings.Fields("Zu Qua Vel Tro Bry Kel Mo Fen Lu Dra Sov Nim Pra Yor Hex Jun Gal Wem Ost Rui Cyl Bem Tav Isk Plo Vi Sha Ny Ke Orr Um Sle")
	tails := strings.Fields("vano lix ndra mora tik zeo rell quin dova sso plex niya bary tto vonne rka ssel mika lune grav ddo wyn pari zel trix nova shen lumo kko vita ven mar dis lo ra")
	name := pick(r, heads...) + pick(r, tails...)
	if r.chance(0.18) {
		name += pick(r, tails[24:]...)
	}
	if r.chance(0.12) {
		name += " " + pick(r, "Farm", "Spring", "Brew", "Tea House", "Dairy", "Peak", "Lab", "Garden")
	}
	switch r.IntN(5) {
	case 0, 1:
		name = strings.ToUpper(name)
	case 2:
		name = strings.ToLower(name)
	}
	han := []rune("泽沃溪岚澄穗朔芮瑶榆珂霖晗汐樾琅屿澜筠黛砚棠苒霁蔚烁翎桉芷衡")
	return brand{name, string([]rune{han[r.IntN(len(han))], han[r.IntN(len(han))]}), r.chance(0.55)}
}

// flavour is a variant within a family: its words, its colour and its emblem.
type flavour struct {
	latin, han string
	hue        float64
	sat, val   float64
	sign       fruitKind
	liquid     ink
	clarity    float64 // of the liquid: 0 is opaque, 1 is water
}

func allFlavours() []flavour {
	return []flavour{
		{"Orange", "橙味", 28, 0.92, 0.96, fruitCitrus, ink{240, 140, 30, 255}, 0.35},
		{"Lemon", "柠檬味", 52, 0.88, 0.95, fruitCitrus, ink{240, 225, 120, 255}, 0.6},
		{"Lime", "青柠味", 88, 0.8, 0.72, fruitCitrus, ink{190, 220, 130, 255}, 0.6},
		{"Grapefruit", "西柚味", 8, 0.66, 0.92, fruitCitrus, ink{240, 140, 120, 255}, 0.5},
		{"Peach", "蜜桃味", 350, 0.5, 0.97, fruitRound, ink{235, 160, 130, 255}, 0.5},
		{"Apple", "苹果味", 105, 0.75, 0.65, fruitRound, ink{215, 200, 110, 255}, 0.6},
		{"Cherry", "樱桃味", 350, 0.9, 0.7, fruitBerries, ink{160, 25, 45, 255}, 0.4},
		{"Grape", "葡萄味", 275, 0.7, 0.55, fruitBerries, ink{95, 30, 110, 255}, 0.3},
		{"Blueberry", "蓝莓味", 235, 0.7, 0.6, fruitBerries, ink{70, 50, 130, 255}, 0.3},
		{"Strawberry", "草莓味", 355, 0.8, 0.9, fruitHeart, ink{225, 70, 80, 255}, 0.35},
		{"Lychee", "荔枝味", 335, 0.35, 0.96, fruitRound, ink{235, 225, 220, 255}, 0.7},
		{"Mango", "芒果味", 40, 0.95, 0.98, fruitRound, ink{245, 170, 40, 255}, 0.15},
		{"Pineapple", "菠萝味", 47, 0.9, 0.95, fruitLeaves, ink{245, 210, 90, 255}, 0.3},
		{"Watermelon", "西瓜味", 345, 0.75, 0.9, fruitDrop, ink{235, 80, 90, 255}, 0.4},
		{"Coconut", "椰子味", 30, 0.18, 0.95, fruitRound, ink{245, 242, 235, 255}, 0.1},
		{"Jasmine Tea", "茉莉花茶", 120, 0.5, 0.6, fruitLeaves, ink{190, 170, 80, 255}, 0.6},
		{"Green Tea", "绿茶", 110, 0.65, 0.5, fruitLeaves, ink{180, 175, 70, 255}, 0.6},
		{"Oolong", "乌龙茶", 25, 0.6, 0.5, fruitLeaves, ink{165, 95, 35, 255}, 0.5},
		{"Black Tea", "红茶", 12, 0.75, 0.45, fruitLeaves, ink{130, 50, 20, 255}, 0.45},
		{"Milk Tea", "奶茶", 28, 0.4, 0.72, fruitLeaves, ink{200, 160, 120, 255}, 0},
		{"Latte", "拿铁", 26, 0.5, 0.55, fruitDrop, ink{170, 125, 90, 255}, 0},
		{"Black Coffee", "黑咖啡", 20, 0.4, 0.2, fruitDrop, ink{35, 18, 12, 255}, 0.1},
		{"Mocha", "摩卡", 15, 0.6, 0.35, fruitDrop, ink{95, 60, 45, 255}, 0},
		{"Plain Milk", "纯牛奶", 215, 0.8, 0.8, fruitDrop, ink{248, 246, 240, 255}, 0},
		{"Chocolate", "巧克力味", 18, 0.65, 0.35, fruitDrop, ink{90, 55, 40, 255}, 0},
		{"Banana", "香蕉味", 50, 0.65, 0.97, fruitRound, ink{245, 230, 170, 255}, 0},
		{"Walnut", "核桃", 30, 0.5, 0.6, fruitGrain, ink{225, 205, 175, 255}, 0},
		{"Oat", "燕麦", 38, 0.35, 0.82, fruitGrain, ink{235, 222, 195, 255}, 0},
		{"Yoghurt", "酸奶", 200, 0.45, 0.9, fruitHeart, ink{246, 240, 236, 255}, 0},
		{"Original", "原味", 0, 0.88, 0.78, fruitBolt, ink{60, 25, 15, 255}, 0.25},
		{"Zero", "零度", 0, 0, 0.1, fruitBolt, ink{60, 25, 15, 255}, 0.25},
		{"Light", "轻怡", 210, 0.1, 0.88, fruitDrop, ink{235, 235, 235, 255}, 0.8},
		{"Ice", "冰爽味", 198, 0.75, 0.9, fruitBolt, ink{90, 175, 225, 255}, 0.6},
		{"Energy", "能量", 5, 0.9, 0.82, fruitBolt, ink{235, 200, 60, 255}, 0.5},
		{"Tropical", "热带味", 165, 0.7, 0.75, fruitLeaves, ink{240, 150, 70, 255}, 0.4},
		{"Mineral", "矿泉水", 205, 0.65, 0.75, fruitDrop, ink{236, 244, 248, 255}, 0.95},
		{"Sparkling", "气泡水", 180, 0.5, 0.8, fruitDrop, ink{236, 244, 246, 255}, 0.95},
		{"Sea Salt", "海盐味", 190, 0.45, 0.9, fruitDrop, ink{215, 232, 236, 255}, 0.8},
		{"Lager", "拉格", 44, 0.75, 0.75, fruitGrain, ink{215, 150, 40, 255}, 0.6},
		{"Pale Ale", "淡色艾尔", 20, 0.7, 0.7, fruitGrain, ink{190, 105, 30, 255}, 0.5},
		{"Stout", "世涛", 30, 0.25, 0.15, fruitGrain, ink{25, 12, 8, 255}, 0.05},
		{"Ginger", "姜味", 36, 0.65, 0.85, fruitLeaves, ink{225, 190, 110, 255}, 0.5},
		{"Plum", "乌梅", 320, 0.65, 0.45, fruitRound, ink{90, 25, 45, 255}, 0.3},
		{"Rose", "玫瑰", 340, 0.45, 0.9, fruitHeart, ink{235, 170, 175, 255}, 0.5},
		{"Vitamin C", "维生素C", 33, 0.85, 1, fruitCitrus, ink{250, 190, 60, 255}, 0.6},
		{"Aloe", "芦荟", 130, 0.45, 0.75, fruitLeaves, ink{225, 235, 200, 255}, 0.5},
	}
}

// pickFlavours returns n different flavours for a family.
func pickFlavours(r random, n int) []flavour {
	all := allFlavours()
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	out := all[:n]
	for i := range out {
		f := &out[i]
		f.hue += r.bell(5)
		f.sat = clamp01(f.sat * r.in(0.8, 1.1))
		f.val = clamp01(f.val * r.in(0.85, 1.08))
	}
	return out
}
