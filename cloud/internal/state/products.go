package state

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// PutProduct enters or changes a product of a tenant.
func PutProduct(ctx context.Context, tx *Tx, tenant string, p shelf.Product) error {
	_, err := tx.Exec(ctx, `INSERT INTO products (tenant, gtin, name, name_zh, brand, own) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, gtin) DO UPDATE SET name = excluded.name, name_zh = excluded.name_zh,
			brand = excluded.brand, own = excluded.own`,
		tenant, string(p.GTIN), p.Name, p.NameZH, p.Brand, p.Own)
	if err != nil {
		return fmt.Errorf("store product %s: %w", p.GTIN, err)
	}
	return nil
}

// ListProducts returns a tenant's products by GTIN.
func ListProducts(ctx context.Context, q Querier, tenant string) ([]shelf.Product, error) {
	rows, err := q.Query(ctx, "SELECT gtin, name, name_zh, brand, own FROM products WHERE tenant = ? ORDER BY gtin", tenant)
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	defer rows.Close()
	var list []shelf.Product
	for rows.Next() {
		var p shelf.Product
		var gtin string
		if err := rows.Scan(&gtin, &p.Name, &p.NameZH, &p.Brand, &p.Own); err != nil {
			return nil, fmt.Errorf("list products: %w", err)
		}
		p.GTIN = shelf.GTIN(gtin)
		list = append(list, p)
	}
	return list, rows.Err()
}
