// Package merge lays what the shelf showed beside what was sold: for each store and hour, each
// product's facings, availability with its coverage, units and revenue by channel, and what an empty
// slot cost; beside them footfall, doors and receipts of the store. KPIs, forecasts and suggestions
// are read from these hours. The formulas are those of docs/kpis.md, each cited where it stands.
//
// The way: whoever stores a fact touches the hours that it speaks of; a Follower folds touched hours
// anew from the facts in the series and in the books, so late, repeated and corrected facts restate
// the hours that they touch and no others. An hour that was closed and comes out different is entered
// in the log of restatements. Fold is pure: the same facts under the same model give the same hour.
//
// What it promises: what nobody saw is not counted as full or as empty; it lowers the coverage, and
// coverage 0 gives no value. Money is in minor units with its currency, never added across currencies.
//
// What it refuses: to guess a demand rate from fewer than three days in stock, and to keep facts
// itself: they stay in the series and in the books, and Replay makes every hour anew from them.
package merge
