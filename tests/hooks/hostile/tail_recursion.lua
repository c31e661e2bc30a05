-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Tail calls need no stack.

return {
  run = function()
    local function f() return f() end
    return f()
  end,
}
