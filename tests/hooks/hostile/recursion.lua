-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Calls itself without an end: the stack has one.

return {
  run = function()
    local function f() return 1 + f() end
    return f()
  end,
}
