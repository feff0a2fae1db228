/**
 * ScriptArgs: the keys and arguments of a request as tables of Lua. They are made anew each time they are asked for,
 * as scripts may change them; the request has to be there until then.
 */
import { latin1 } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";

export class ScriptArgs {
  private argv: Argv | null = null;
  private first = 0;
  private keyCount = 0;

  /** The script's keys are `keyCount` arguments from `first` on, and behind them are the others. */
  set(argv: Argv, first: number, keyCount: number): void {
    this.argv = argv;
    this.first = first;
    this.keyCount = keyCount;
  }

  keys(): LuaTable {
    return tableOf(this.argv!, this.first, this.first + this.keyCount);
  }

  rest(): LuaTable {
    return tableOf(this.argv!, this.first + this.keyCount, this.argv!.argc);
  }
}

function tableOf({ buf, off, len }: Argv, from: number, to: number): LuaTable {
  // Most often there is one, and an array that grows takes room for 17.
  const values: LuaValue[] = from < to
    ? [undefined, latin1(buf, off[from], len[from])]
    : [undefined];
  for (let i = from + 1; i < to; i++) values.push(latin1(buf, off[i], len[i]));
  return LuaTable.ofArray(values);
}
