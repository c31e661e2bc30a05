-- SPDX-License-Identifier: Apache-2.0
-- ends: value null
-- The environment by its new name holds what is listed.

return {
  run = function()
    return _ENV.io == nil and _ENV.os == nil and _ENV.debug == nil and nil
  end,
}
