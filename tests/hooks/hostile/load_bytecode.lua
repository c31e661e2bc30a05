-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Bytecode may do anything: there is no load.

return {
  run = function()
    return load("\27Lua", "x", "b")()
  end,
}
