Feature: What happens in the field
  Cards are taken away too early, two lie in one purse, and some tills have no field at all. None of that may cost money or a good card.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @NFC-010 @host-control
  Scenario: A card that is taken away too early is tapped again
    Given Carol takes her card away at the 1st "GET PROCESSING OPTIONS"
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol taps her card again at "T1"
    Then "T1" shows TAP_AGAIN
    And "T1" shows APPROVED
    And Carol's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @NFC-010 @host-control
  Scenario: A card that is gone before its answer is through is tapped again, and pays once
    Given Carol's card leaves the field before its answer to "GET PROCESSING OPTIONS" is through
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol taps her card again at "T1"
    Then "T1" shows TAP_AGAIN
    And "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value |
      | 9F36 | 0002  |
    And Carol's card holds 990.00 CNY

  @NFC-010 @host-control
  Scenario: A holder who has had enough inserts the card
    Given Carol takes her card away at the 1st "GET PROCESSING OPTIONS"
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    Then "T1" shows TAP_AGAIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 051   |

  @NFC-011 @host-control
  Scenario: Of two cards in the field none is taken
    Given another card lies beside Carol's
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol taps her card again at "T1"
    Then "T1" shows PRESENT_ONE
    And "T1" does not show INSERT_AGAIN
    And "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @NFC-012 @host-control
  Scenario: A chip that says nothing in the field is inserted, and its stripe is not taken for that
    Given Carol's chip is dead
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol taps her card again at "T1"
    And Carol taps her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows INSERT_CARD
    And "T1" shows INSERT_CHIP
    And no message went to the host

  @NFC-012 @host-control
  Scenario: A chip whose field works badly pays over its contacts
    Given Carol's chip answers "GET PROCESSING OPTIONS" with "6F00"
    When Carol taps her card for 10.00 CNY at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows INSERT_CARD
    And "T1" shows INSERT_CHIP
    And no message went to the host
