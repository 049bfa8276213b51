/** Where an answer is known not to be Postgres's to the letter, for the page on compatibility. */
export const differences: readonly string[] = [
  "**Numerics computed from quotients.** A division or an average of numerics that is selected, or cast to text, has the digits that Postgres gives it. Within an expression (`a / b * 100`, `a / b > 2`), and for `stddev`, `variance`, `sqrt`, `ln`, `exp`, `power` and `numeric` made of floats or text, it is a double: 15 to 17 digits count. Postgres writes more of them, or, of the spread of large numbers, fewer. `round(a / b, 2)` and `::numeric(10,2)` round what these digits say.",
  "**Zeros at the end of a numeric.** Where values of several scales meet in one column (`coalesce(amount, 0)`, `CASE`, `UNION`) all come with the most decimals of them: `0.00` where Postgres says `0`. The number is the same; its text (`::text`, `||`, `to_json`) is refused.",
  "**Large numerics.** More than 38 digits are an error (`22003`), never another number.",
  "**Sums and averages of floats** depend on the order of their rows in Postgres as here; the last digits may differ.",
  "**Parts of a JSON document** that are selected as `json` (`doc -> 'a'`) come without blanks and with numbers in their shortest form: the same JSON, not the same text. Where the text counts (`->>`, `::text`) and would differ, it is refused. `jsonb` comes in its one form.",
  "**The order of rows** without `ORDER BY` is any, in Postgres as here, and more often another one here.",
  "**Text in another form than ISO 8601** that is cast to a date or a time row by row is refused; literals and parameters are read by Postgres itself, in all forms that it knows.",
  "**What raises.** `CASE` guards what is in its branches. `WHERE x <> 0 AND 1 / x > 2` may raise, since neither says which side of `AND` comes first. A cast to a smaller integer that is only compared (`x::smallint > 0`) need not raise where it does not fit. Of a statement that raises, the code is Postgres's; the words may be others.",
  "**Letters** are Unicode's (C.UTF-8) for `upper`, `lower`, `initcap`, `ILIKE` and regular expressions, as in a shadow database on Postgres 17 or newer. On Postgres 16 its own answers know ASCII's only. Comparisons and order are by bytes everywhere.",
  "**`random()` and `gen_random_uuid()`** may be evaluated more than once where an expression names them once.",
];
