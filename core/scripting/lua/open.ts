/** A state with every library that Redis gives to scripts. */

import { openBase } from "./lib_base.ts";
import { openBit } from "./lib_bit.ts";
import { openCjson } from "./lib_cjson.ts";
import { openCmsgpack } from "./lib_cmsgpack.ts";
import { openCoroutine } from "./lib_coroutine.ts";
import { openMath } from "./lib_math.ts";
import { openPcall } from "./lib_pcall.ts";
import { openString } from "./lib_string.ts";
import { openStruct } from "./lib_struct.ts";
import { openTable } from "./lib_table.ts";
import { LuaState } from "./state.ts";

/** A new state. The host adds its own globals and may then protect the tables (`readonly`). */
export function openState(): LuaState {
  const state = new LuaState();
  openBase(state);
  openPcall(state);
  openTable(state);
  openString(state);
  openMath(state);
  openCoroutine(state);
  openBit(state);
  openStruct(state);
  openCjson(state);
  openCmsgpack(state);
  return state;
}
