// pgx in each of its ways to run a statement, and lib/pq.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	_ "github.com/lib/pq"
)

const sales = 100_000

// everyType has pointers where a value may be NULL.
type everyType struct {
	ID       int32
	Flag     *bool
	Tiny     *int16
	Small    *int16
	Big      *int64
	Huge     *string
	Unsigned *string
	Single   *float32
	Double   *float64
	Amount   *string
	Label    *string
	Bytes    []byte
	Day      *time.Time
	Clock    pgtype.Time
	Moment   *time.Time
	Instant  *time.Time
	Span     pgtype.Interval
	Code     *[16]byte
	Document map[string]any
	Parts    map[string]any
	Labels   map[string]any
	Numbers  []*int32
	Words    []*string
	Amounts  []*string
}

var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement,
	pgx.QueryExecModeCacheDescribe,
	pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec,
	pgx.QueryExecModeSimpleProtocol,
}

func main() {
	time.Local = time.UTC
	ctx := context.Background()
	for _, mode := range modes {
		connection := connect(ctx, mode)
		types(ctx, connection)
		if mode == pgx.QueryExecModeCacheStatement || mode == pgx.QueryExecModeExec {
			found(ctx, connection)
		}
		parameters(ctx, connection)
		many(ctx, connection)
		failure(ctx, connection)
		check(connection.Close(ctx))
	}
	pq()
}

func connect(ctx context.Context, mode pgx.QueryExecMode) *pgx.Conn {
	config, err := pgx.ParseConfig("")
	check(err)
	config.DefaultQueryExecMode = mode
	connection, err := pgx.ConnectConfig(ctx, config)
	check(err)
	return connection
}

func types(ctx context.Context, connection *pgx.Conn) {
	rows, err := connection.Query(ctx, `SELECT id, flag, tiny, small, big, huge::text, unsigned::text, single, double, amount::text,
		label, bytes, day, clock, moment, instant, span, code, document, parts, labels, numbers, words, amounts::text[]
		FROM every_type WHERE id <> 2 ORDER BY id`)
	check(err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[everyType])
	check(err)
	same("every type", all, []everyType{
		{
			ID: 1, Flag: to(true), Tiny: to(int16(7)), Small: to(int16(300)), Big: to(int64(5_000_000_000)),
			Huge: to("170141183460469231731687303715884105"), Unsigned: to("18446744073709551615"),
			Single: to(float32(1.5)), Double: to(0.1), Amount: to("1234.50"), Label: to("Ann"), Bytes: []byte("\x00\xffa"),
			Day:      to(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)),
			Clock:    pgtype.Time{Microseconds: ((12*60+34)*60+56)*1_000_000 + 789_000, Valid: true},
			Moment:   to(time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)),
			Instant:  to(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)),
			Span:     pgtype.Interval{Months: 14, Days: 3, Microseconds: ((4*60+5)*60 + 6) * 1_000_000, Valid: true},
			Code:     &[16]byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11},
			Document: map[string]any{"k": []any{1.0, nil}}, Parts: map[string]any{"a": 1.0, "b": "x"},
			Labels: map[string]any{"one": 1.0}, Numbers: []*int32{to(int32(1)), nil, to(int32(3))},
			Words:   []*string{to("plain"), to(`a "b", c`), nil, to("")},
			Amounts: []*string{to("1.50"), to("-2.00")},
		},
		{ID: 3},
	})
	var number pgtype.Numeric
	check(connection.QueryRow(ctx, "SELECT huge FROM every_type WHERE id = 1").Scan(&number))
	text, err := number.Value()
	check(err)
	same("numeric", text, any("170141183460469231731687303715884105"))
}

// found looks the first row up by each of its values.
func found(ctx context.Context, connection *pgx.Conn) {
	for column, value := range map[string]any{
		"flag": true, "small": int16(300), "big": int64(5_000_000_000), "single": float32(1.5), "double": 0.1, "label": "Ann",
		"bytes": []byte("\x00\xffa"), "day": time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		"moment":  time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC),
		"code":    pgtype.UUID{Bytes: [16]byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}, Valid: true},
		"numbers": []*int32{to(int32(1)), nil, to(int32(3))}, "words": []*string{to("plain"), to(`a "b", c`), nil, to("")},
	} {
		var id int
		err := connection.QueryRow(ctx, "SELECT id FROM every_type WHERE "+column+" = $1", value).Scan(&id)
		if err != nil || id != 1 {
			fail("%s: %d %v", column, id, err)
		}
	}
}

func parameters(ctx context.Context, connection *pgx.Conn) {
	for run := range 3 {
		var count int64
		var day time.Time
		err := connection.QueryRow(ctx, "SELECT count(*), max(day) FROM fct_sales WHERE id < $1 AND customer LIKE $2 AND day >= $3",
			int64(1000*(run+1)), "customer %", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Scan(&count, &day)
		check(err)
		same("count", count, int64(1000*(run+1)))
	}
	batch := &pgx.Batch{}
	for number := range 5 {
		batch.Queue("SELECT count(*) FROM fct_sales WHERE id < $1", int64(number))
	}
	results := connection.SendBatch(ctx, batch)
	for number := range 5 {
		var count int
		check(results.QueryRow().Scan(&count))
		same("batch", count, number)
	}
	check(results.Close())
}

func many(ctx context.Context, connection *pgx.Conn) {
	rows, err := connection.Query(ctx, "SELECT id FROM fct_sales ORDER BY id")
	check(err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	check(err)
	same("rows", len(ids), sales)
	for index, id := range ids {
		same("row", id, int64(index))
	}
}

// failure is a failed statement, and one that is given up.
func failure(ctx context.Context, connection *pgx.Conn) {
	_, err := connection.Exec(ctx, "SELECT 1 / (id - id) FROM fct_sales")
	if failed, ok := err.(*pgconn.PgError); !ok || failed.Code != "22012" {
		fail("a division by zero gave %v", err)
	}
	_, err = connection.Exec(ctx, "DELETE FROM fct_sales")
	if failed, ok := err.(*pgconn.PgError); !ok || failed.Code != "25006" {
		fail("a DELETE gave %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	other := connect(ctx, pgx.QueryExecModeExec)
	if _, err = other.Exec(short, "SELECT count(*) FROM fct_sales a, fct_sales b WHERE (a.id * 7 + b.id) % 1000003 = 17"); err == nil {
		fail("the time-out did not come")
	}
	check(other.Close(ctx))
}

func pq() {
	database, err := sql.Open("postgres", "")
	check(err)
	var label string
	var amount string
	var day time.Time
	for _, id := range []int{1, 2} {
		check(database.QueryRow("SELECT label, amount, day FROM every_type WHERE id = $1", id).Scan(&label, &amount, &day))
	}
	same("lib/pq", label+" "+amount+" "+day.Format(time.DateOnly), `Zoë "quoted" \ ', 猫 -0.01 1969-12-31`)
	rows, err := database.Query("SELECT id FROM fct_sales ORDER BY id")
	check(err)
	count := 0
	for ; rows.Next(); count++ {
		var id string
		check(rows.Scan(&id))
		same("row", id, strconv.Itoa(count))
	}
	check(rows.Err())
	same("rows", count, sales)
	check(database.Close())
}

func to[T any](value T) *T { return &value }

func same[T any](what string, found T, wanted T) {
	if inJSON(found) != inJSON(wanted) {
		fail("%s: %s, not %s", what, inJSON(found), inJSON(wanted))
	}
}

// inJSON shows what pointers point to.
func inJSON(value any) string {
	text, err := json.Marshal(value)
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
