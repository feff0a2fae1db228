/**
 * A small site with logins, for express_session.test.ts: a process of its own, so that it can be restarted.
 *
 *     express_site.ts <redis host:port>      prints "listening on <port>" when it is up
 *
 *     POST /login?name=x    begins a session      GET /me        who is logged in, and how often they came
 *     POST /logout          ends it
 */
import process from "node:process";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

/** What of Express and of its sessions is used here. */
interface Session {
  name?: string;
  visits?: number;
  destroy(done: () => void): void;
}
interface Request {
  query: Record<string, unknown>;
  session: Session;
}
interface Response {
  status(code: number): Response;
  send(text: string): void;
}

const client = createClient({ url: `redis://${process.argv[2]}` });
await client.connect();

const site = express();
site.use(session({
  store: new RedisStore({ client, prefix: "site:", ttl: 3600 }),
  secret: "not much of one",
  resave: false,
  saveUninitialized: false,
}));
site.post("/login", (request: Request, response: Response) => {
  request.session.name = String(request.query.name);
  request.session.visits = 0;
  response.send("welcome");
});
site.get("/me", (request: Request, response: Response) => {
  const { session } = request;
  if (session.name === undefined) {
    response.status(401).send("nobody");
    return;
  }
  session.visits = (session.visits ?? 0) + 1;
  response.send(`${session.name}, visit ${session.visits}`);
});
site.post("/logout", (request: Request, response: Response) => {
  request.session.destroy(() => response.send("bye"));
});
const listener = site.listen(0, "127.0.0.1", () => {
  const address = listener.address();
  if (address !== null && typeof address === "object") console.log(`listening on ${address.port}`);
});
