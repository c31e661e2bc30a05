-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- An error that is a table.

return {
  run = function()
    error({ "x" })
  end,
}
