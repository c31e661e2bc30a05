-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Turns a text over and over in C.

return {
  run = function()
    local t = ("x"):rep(2000000)
    while true do t = t:upper():reverse():lower() end
  end,
}
