import { rmSync } from 'node:fs';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import sqlite, { type Database } from 'node-sqlite3-wasm';

/** The payments of the shop, in a table of SQLite. */
@Injectable()
export class PaymentStore implements OnModuleInit, OnApplicationShutdown {
  private opened: Database | undefined;

  constructor(private readonly path: string) {}

  onModuleInit(): void {
    // A process that was killed leaves its lock; the engine, which is started first, allows one process only.
    rmSync(`${this.path}.lock`, { recursive: true, force: true });
    this.opened = new sqlite.Database(this.path);
    this.opened.exec(
      'CREATE TABLE IF NOT EXISTS payments (order_id TEXT PRIMARY KEY, paid_at INTEGER NOT NULL)',
    );
  }

  /** Not before: requests that are under way still pay. Of a start that failed there may be nothing to close. */
  onApplicationShutdown(): void {
    this.opened?.close();
  }

  private get database(): Database {
    return this.opened!;
  }

  /** Notes a payment; false when it was noted before. */
  add(orderId: string): boolean {
    const { changes } = this.database.run('INSERT OR IGNORE INTO payments VALUES (?, ?)', [
      orderId,
      Date.now(),
    ]);
    return changes > 0;
  }

  has(orderId: string): boolean {
    return this.database.get('SELECT 1 FROM payments WHERE order_id = ?', [orderId]) !== null;
  }
}
