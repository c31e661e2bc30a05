-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Pcall within pcall within pcall.

return {
  run = function()
    local function f() pcall(f) pcall(f) end
    while true do f() end
  end,
}
