-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Formats a text that grows and grows.

return {
  run = function()
    local t = "x"
    while true do t = ("%s%s"):format(t, t) end
  end,
}
