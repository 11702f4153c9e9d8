Feature: A till without a contactless reader
  The host counts on what a till says of itself: who may fall back, what a card may be asked.

  @NFC-013 @unionpay @host-control
  Scenario: With one it says so
    Given till "T1" of "Noodle House" has signed in
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field           | value |
      | read_capability | 6     |

  @NFC-013 @unionpay @host-control
  Scenario: A card that is held to it is inserted in the end
    Given "T1" has no contactless reader
    And till "T1" of "Noodle House" has signed in
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field           | value |
      | entry_mode      | 051   |
      | read_capability | 5     |
