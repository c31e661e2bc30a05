-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Catches out of memory again and again.

return {
  run = function()
    while true do pcall(string.rep, "x", 1000000000) end
  end,
}
