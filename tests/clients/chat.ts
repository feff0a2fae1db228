/**
 * A chat with presence, as people build it with ioredis: rooms are channels, their last lines a list, and who is there
 * a key per person that expires unless it is renewed. Keyspace notifications tell the others of those who vanish.
 */
import { Redis } from "ioredis";

export interface Line {
  readonly from: string;
  readonly room: string;
  readonly text: string;
}

/** Lines of a room that whoever comes later still sees. */
const HISTORY_MAX = 100;
/** How often somebody says that they are still there. */
const RENEWAL_MS = 250;

export class ChatUser {
  readonly name: string;
  /** What came, in order. */
  readonly lines: Line[] = [];
  /** Who came and went: "+name" and "-name". */
  readonly presence: string[] = [];
  private readonly commands: Redis;
  private readonly listener: Redis;
  private readonly ttlMs: number;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(address: { host: string; port: number }, name: string, ttlMs: number) {
    this.name = name;
    this.ttlMs = ttlMs;
    this.commands = new Redis(address);
    this.listener = new Redis(address);
    this.listener.on("message", (_channel: string, text: string) => {
      this.lines.push(JSON.parse(text));
    });
    this.listener.on("pmessage", (_pattern: string, channel: string, event: string) => {
      const who = channel.slice(channel.indexOf("here:") + "here:".length);
      if (event === "set") this.presence.push(`+${who}`);
      else if (event === "expired" || event === "del") this.presence.push(`-${who}`);
    });
  }

  /** Enters rooms. Returns the lines said there before. */
  async enter(...rooms: string[]): Promise<Line[]> {
    await this.listener.subscribe(...rooms.map((room) => `room:${room}`));
    await this.listener.psubscribe("__keyspace@0__:here:*");
    await this.commands.set(`here:${this.name}`, rooms.join(), "PX", this.ttlMs);
    this.timer = setInterval(
      () => void this.commands.pexpire(`here:${this.name}`, this.ttlMs),
      RENEWAL_MS,
    );
    const pipeline = this.commands.pipeline();
    for (const room of rooms) pipeline.lrange(`history:${room}`, 0, -1);
    const replies = await pipeline.exec() ?? [];
    return replies.flatMap(([, lines]) => (lines as string[]).map((line) => JSON.parse(line)));
  }

  /** Says something; the line is in the history exactly if it was sent. Returns how many got it. */
  async say(room: string, text: string): Promise<number> {
    const line = JSON.stringify({ from: this.name, room, text });
    const replies = await this.commands.multi()
      .rpush(`history:${room}`, line)
      .ltrim(`history:${room}`, -HISTORY_MAX, -1)
      .publish(`room:${room}`, line)
      .exec();
    return replies![2][1] as number;
  }

  /** Who is there. */
  async others(): Promise<string[]> {
    const names: string[] = [];
    for await (const keys of this.commands.scanStream({ match: "here:*", count: 10 })) {
      for (const key of keys as string[]) names.push(key.slice("here:".length));
    }
    return [...new Set(names)].filter((name) => name !== this.name).sort();
  }

  /** Loses the listening connection, as on a train; ioredis connects again and subscribes to what it had. */
  async stumble(): Promise<void> {
    const again = new Promise((resolve) => this.listener.once("ready", resolve));
    this.listener.disconnect(true);
    await again;
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    this.stopTimer();
    await this.commands.del(`here:${this.name}`);
    await Promise.all([this.commands.quit(), this.listener.quit()]);
  }

  /** Is gone without a word. */
  vanish(): void {
    this.stopTimer();
    this.commands.disconnect();
    this.listener.disconnect();
  }

  private stopTimer(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
