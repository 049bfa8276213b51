import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGStatement;

/** pgjdbc, which DBeaver, Metabase, DataGrip and Tableau bring along. */
class Client {
  static final int SALES = 100_000;

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = connect()) {
      metadata(connection.getMetaData());
      everyType(connection);
      parameters(connection);
      fetchSize(connection);
      timeout(connection);
      savepoints(connection);
    }
  }

  static Connection connect() throws SQLException {
    var environment = System.getenv();
    var properties = new Properties();
    properties.setProperty("user", environment.get("PGUSER"));
    properties.setProperty("password", environment.get("PGPASSWORD"));
    properties.setProperty("sslmode", environment.get("PGSSLMODE"));
    properties.setProperty("sslrootcert", environment.get("PGSSLROOTCERT"));
    var server = environment.get("PGHOST") + ":" + environment.get("PGPORT");
    return DriverManager.getConnection("jdbc:postgresql://" + server + "/" + environment.get("PGDATABASE"), properties);
  }

  /** What a database tool's tree is drawn from. */
  static void metadata(DatabaseMetaData data) throws SQLException {
    same("schemas", List.of("lotus_gateway", "main", "staging"), column(data.getSchemas(null, null), "TABLE_SCHEM").stream()
        .filter(name -> !name.matches("information_schema|pg_.*")).toList());
    var tables = data.getTables(null, "main", "%", new String[] {"TABLE", "VIEW"});
    same("tables", List.of("every_type", "fct_sales"), column(tables, "TABLE_NAME"));
    same("comment", List.of("One row per sale."), column(data.getTables(null, "main", "fct_sales", null), "REMARKS"));
    same("columns", List.of("id", "customer", "amount", "day"), column(data.getColumns(null, "main", "fct_sales", "%"), "COLUMN_NAME"));
    same("types", List.of("int8", "text", "numeric", "date"), column(data.getColumns(null, "main", "fct_sales", "%"), "TYPE_NAME"));
    same("size", List.of("18"), column(data.getColumns(null, "main", "fct_sales", "amount"), "COLUMN_SIZE"));
    same("remark", List.of("What the customer paid."), column(data.getColumns(null, "main", "fct_sales", "amount"), "REMARKS"));
    same("key", List.of("id"), column(data.getPrimaryKeys(null, "main", "fct_sales"), "COLUMN_NAME"));
    same("index", List.of("id"), column(data.getIndexInfo(null, "main", "fct_sales", true, true), "COLUMN_NAME"));
    same("row identifier", List.of("id"), column(data.getBestRowIdentifier(null, "main", "fct_sales", DatabaseMetaData.bestRowSession, false), "COLUMN_NAME"));
    same("foreign keys", List.of(), column(data.getImportedKeys(null, "main", "fct_sales"), "FKTABLE_NAME"));
    same("a type", true, column(data.getTypeInfo(), "TYPE_NAME").contains("numeric"));
    same("a catalog", true, column(data.getCatalogs(), "TABLE_CAT").contains(System.getenv("PGDATABASE")));
    for (ResultSet result : List.of(data.getTableTypes(), data.getTablePrivileges(null, "main", "%"), data.getColumnPrivileges(null, "main", "fct_sales", "%"), data.getProcedures(null, "main", "%"), data.getFunctions(null, "main", "%"), data.getUDTs(null, "main", "%", null), data.getClientInfoProperties(), data.getExportedKeys(null, "main", "fct_sales"), data.getVersionColumns(null, "main", "fct_sales"), data.getProcedureColumns(null, "main", "%", "%"), data.getFunctionColumns(null, "main", "%", "%"))) drain(result);
    same("keywords", true, data.getSQLKeywords().contains("ilike"));
  }

  /** In text at first, in binary from the fifth time on. */
  static void everyType(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM every_type ORDER BY id")) {
      for (int run = 0; run < 8; run++) {
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          ordinary(rows);
          rows.next();
          extreme(rows);
          rows.next();
          for (int column = 2; column <= rows.getMetaData().getColumnCount(); column++)
            same(rows.getMetaData().getColumnName(column), null, rows.getObject(column));
          same("rows", false, rows.next());
        }
      }
    }
  }

  static void ordinary(ResultSet row) throws SQLException {
    same("id", 1, row.getInt("id"));
    same("flag", true, row.getBoolean("flag"));
    same("tiny", 7, row.getInt("tiny"));
    same("small", 300, row.getInt("small"));
    same("big", 5_000_000_000L, row.getLong("big"));
    same("huge", new BigDecimal("170141183460469231731687303715884105"), row.getBigDecimal("huge"));
    same("unsigned", new BigDecimal("18446744073709551615"), row.getBigDecimal("unsigned"));
    same("single", 1.5f, row.getFloat("single"));
    same("double", 0.1, row.getDouble("double"));
    same("amount", new BigDecimal("1234.50"), row.getBigDecimal("amount"));
    same("label", "Ann", row.getString("label"));
    same("bytes", "[0, -1, 97]", Arrays.toString(row.getBytes("bytes")));
    same("day", LocalDate.of(2026, 2, 28), row.getObject("day", LocalDate.class));
    same("clock", LocalTime.parse("12:34:56.789"), row.getObject("clock", LocalTime.class));
    same("moment", LocalDateTime.parse("2026-01-02T03:04:05.678901"), row.getObject("moment", LocalDateTime.class));
    same("instant", OffsetDateTime.parse("2026-07-01T12:00:00Z"), row.getObject("instant", OffsetDateTime.class));
    same("span", "1 years 2 mons 3 days 4 hours 5 mins 6.0 secs", row.getObject("span").toString());
    same("code", UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), row.getObject("code"));
    same("document", "{\"k\": [1, null]}", row.getString("document"));
    same("parts", "{\"a\":1,\"b\":\"x\"}", row.getString("parts"));
    same("labels", "{\"one\":1}", row.getString("labels"));
    same("numbers", "[1, null, 3]", list(row.getArray("numbers")));
    same("words", "[plain, a \"b\", c, null, ]", list(row.getArray("words")));
    same("amounts", "[1.50, -2.00]", list(row.getArray("amounts")));
  }

  static void extreme(ResultSet row) throws SQLException {
    same("big", Long.MIN_VALUE, row.getLong("big"));
    same("huge", new BigDecimal("-1"), row.getBigDecimal("huge"));
    same("double", 1e300, row.getDouble("double"));
    same("amount", new BigDecimal("-0.01"), row.getBigDecimal("amount"));
    same("label", "Zoë \"quoted\" \\ ', 猫", row.getString("label"));
    same("day", LocalDate.of(1969, 12, 31), row.getObject("day", LocalDate.class));
    same("moment", LocalDateTime.parse("1969-12-31T23:59:59.999999"), row.getObject("moment", LocalDateTime.class));
    same("instant", OffsetDateTime.parse("1969-12-31T23:59:59.5Z"), row.getObject("instant", OffsetDateTime.class));
    same("words", "[]", list(row.getArray("words")));
  }

  static void parameters(Connection connection) throws SQLException {
    Object[] values = {
      true, (short) 300, 5_000_000_000L, new BigDecimal("170141183460469231731687303715884105"), 1.5f, 0.1,
      new BigDecimal("1234.50"), "Ann", new byte[] {0, -1, 97}, Date.valueOf("2026-02-28"), LocalTime.parse("12:34:56.789"),
      LocalDateTime.parse("2026-01-02T03:04:05.678901"), OffsetDateTime.parse("2026-07-01T14:00:00+02:00"),
      UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), connection.createArrayOf("int4", new Object[] {1, null, 3}),
      connection.createArrayOf("text", new Object[] {"plain", "a \"b\", c", null, ""}),
    };
    String[] columns = {
      "flag", "small", "big", "huge", "single", "double", "amount", "label", "bytes", "day", "clock", "moment", "instant", "code",
      "numbers", "words",
    };
    for (int index = 0; index < columns.length; index++) {
      var sql = "SELECT id FROM every_type WHERE " + columns[index] + " = ?";
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        // Prepared at the first, in binary at the second.
        statement.unwrap(PGStatement.class).setPrepareThreshold(1);
        for (int run = 0; run < 2; run++) {
          statement.setObject(1, values[index]);
          same(columns[index], List.of("1"), column(statement.executeQuery(), "id"));
        }
      }
    }
    try (PreparedStatement statement = connection.prepareStatement("SELECT id FROM every_type WHERE label = ? OR ?::text IS NULL ORDER BY id")) {
      statement.setNull(1, Types.VARCHAR);
      statement.setNull(2, Types.VARCHAR);
      same("null", List.of("1", "2", "3"), column(statement.executeQuery(), "id"));
      same("parameter types", Types.VARCHAR, statement.getParameterMetaData().getParameterType(1));
      same("column types", Types.INTEGER, statement.getMetaData().getColumnType(1));
    }
  }

  /** Rows come a thousand at a time, while another statement runs in between. */
  static void fetchSize(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(1000);
      ResultSet rows = statement.executeQuery("SELECT id FROM fct_sales ORDER BY id");
      int expected = 0;
      while (rows.next()) {
        if (expected == 2500)
          try (Statement other = connection.createStatement()) {
            same("count", List.of(String.valueOf(SALES)), column(other.executeQuery("SELECT count(*) AS n FROM fct_sales"), "n"));
          }
        same("row", expected++, rows.getInt(1));
      }
      same("rows", SALES, expected);
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  static void timeout(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      statement.executeQuery("SELECT count(*) FROM fct_sales a, fct_sales b WHERE (a.id * 7 + b.id) % 1000003 = 17");
      throw new AssertionError("the time-out did not come");
    } catch (SQLException error) {
      same("time-out", "57014", error.getSQLState());
    }
    try (Statement statement = connection.createStatement()) {
      same("alive", List.of("1"), column(statement.executeQuery("SELECT 1 AS one"), "one"));
    }
  }

  static void savepoints(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      var before = connection.setSavepoint("before");
      try {
        drain(statement.executeQuery("SELECT 1 / (id - id) FROM fct_sales"));
        throw new AssertionError("a division by zero went through");
      } catch (SQLException error) {
        same("division", "22012", error.getSQLState());
      }
      connection.rollback(before);
      same("after", List.of("3"), column(statement.executeQuery("SELECT count(*) AS n FROM every_type"), "n"));
    }
    connection.rollback();
    connection.setAutoCommit(true);
  }

  static List<String> column(ResultSet rows, String name) throws SQLException {
    var values = new ArrayList<String>();
    while (rows.next()) values.add(rows.getString(name));
    rows.close();
    return values;
  }

  static void drain(ResultSet rows) throws SQLException {
    while (rows.next()) rows.getString(1);
    rows.close();
  }

  static String list(Array array) throws SQLException {
    return Arrays.toString((Object[]) array.getArray());
  }

  static void same(String what, Object wanted, Object found) {
    if (!Objects.equals(wanted, found)) throw new AssertionError(what + ": " + found + ", not " + wanted);
  }
}
