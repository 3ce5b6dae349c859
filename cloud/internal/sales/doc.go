// Package sales is the ledger of what was sold anywhere, and of the stock that follows from it: lines of
// receipts and orders from every channel, the masters that give them a product and a place, counts,
// deliveries and transfers, and what online orders hold in reserve.
//
// What it promises:
//   - A line is one line however often it comes: its identity is (tenant, channel, order, line), and of
//     its revisions the highest counts, in whatever order they come. What was stored once is never
//     changed by what comes late.
//   - A line whose product, store or original is not known yet is parked, not lost, and is taken by
//     itself when that arrives.
//   - Money is an integer of the currency's minor unit; a time is an instant. A time without a zone is
//     the store's own.
//   - Each hour whose figures may have changed is told, by a cursor (Changed).
//   - Any order of arrival leads to the same lines, hours and stock.
//
// It runs on SQLite and on PostgreSQL; whoever writes a tenant's ledger holds its turn, so that the
// cursor has no holes and stock is never given twice.
//
// It refuses to judge: what a missing unit means is for those who also see the shelf.
package sales
