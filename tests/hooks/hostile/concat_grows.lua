-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A text that doubles.

return {
  run = function()
    local t = "x"
    while true do t = t .. t end
  end,
}
