-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A width that nobody wrote a number so wide.

return {
  run = function()
    return #("%1000000d"):format(1)
  end,
}
