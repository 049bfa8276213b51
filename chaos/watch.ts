import { messageOf } from "../common/errors.ts";
import { Session } from "../lake/session.ts";
import { type Moment, type Point, TransactionReader } from "./points.ts";

export interface Watcher {
  /** Called at each moment of each named point, in the turn of the statement, which waits for it; it may never return. */
  reached(point: Point, moment: Moment): void | Promise<void>;
  /** A statement of a fence found that another writer was first. */
  fenceLost(): void;
  /** A statement failed. `point`: null for one without a name. */
  failed(point: Point | null, message: string): void;
}

/**
 * Shows every statement of every lake session in this process to `watcher`. Done from outside, on the class, so that
 * the code under test has no hook and no line that it does not have elsewhere.
 */
export function watchStatements(watcher: Watcher): void {
  const readers = new WeakMap<Session, TransactionReader>();
  const { execute, queryRaw } = Session.prototype;

  async function run<T>(session: Session, sql: string, statement: () => Promise<T>): Promise<T> {
    const reader = readers.get(session) ?? new TransactionReader();
    readers.set(session, reader);
    const point = reader.read(sql);
    try {
      if (point === null) return await statement();
      await watcher.reached(point, "before");
      const running = statement();
      void watcher.reached(point, "during");
      const result = await running;
      await watcher.reached(point, "after");
      return result;
    } catch (error) {
      watcher.failed(point, messageOf(error));
      throw error;
    }
  }

  Session.prototype.execute = function (sql) {
    return run(this, sql, () => execute.call(this, sql));
  };
  Session.prototype.queryRaw = function (sql) {
    return run(this, sql, async () => {
      const rows = await queryRaw.call(this, sql);
      if (ADVANCE.test(sql) && Number(rows[0]?.Count) !== 1) watcher.fenceLost();
      return rows;
    });
  };
}

const ADVANCE = /^\s*UPDATE "lakehouse"\."meta"\."fence_/;
