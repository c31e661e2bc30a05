-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- __gc put in behind the back: the field is nothing then, and collectgarbage is not there.

return {
  run = function()
    local m = {}
    setmetatable({}, m)
    m.__gc = function() while true do end end
    collectgarbage()
  end,
}
