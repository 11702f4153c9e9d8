Feature: A phone
  It has no card number to lose, but a token; its holder proves himself on the glass, and not at the till.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @NFC-014 @host-control
  Scenario: A large amount is confirmed on the phone, and no PIN is asked for
    When Petra taps her phone for 1000.00 CNY at "T1"
    And Petra confirms on her phone
    And Petra taps her phone again at "T1"
    Then "T1" shows SEE_PHONE
    And "T1" does not show ENTER_PIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 072   |
      | pin        |       |
    And Petra's card holds 0.00 CNY

  @NFC-014 @host-control
  Scenario: What is not confirmed is not paid
    When Petra taps her phone for 1000.00 CNY at "T1"
    And Petra taps her phone again at "T1"
    Then "T1" shows SEE_PHONE
    And "T1" is waiting for the card
    And no message went to the host

  @NFC-014 @host-control
  Scenario: A confirmation serves for one tap
    Given Petra's credit card holds 3000.00 CNY
    And Petra confirms on her phone
    And Petra taps her phone for 1000.00 CNY at "T1"
    When Petra taps her phone for 1000.00 CNY at "T1"
    Then "T1" shows SEE_PHONE
    And Petra's card holds 2000.00 CNY

  @NFC-017 @host-control
  Scenario: The token pays from the card's account, and the card number stays at home
    When Petra taps her phone for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field | value            |
      | pan   | 620012******0302 |
    And Petra's card holds 990.00 CNY
    And no output holds Petra's PIN, track or card number

  @NFC-016 @host-control
  Scenario: A token that has run out pays nothing, whatever the card's date is
    When Rupert taps his phone for 10.00 CNY at "T1"
    Then "T1" shows CARD_EXPIRED
    And Rupert's card holds 1000.00 CNY

  @NFC-017 @host-control
  Scenario: A token pays with its phone's cryptogram or not at all
    Given Petra taps her phone for 10.00 CNY at "T1"
    When "T1" is made to send the card number of the 1st sale as if it were typed
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Petra's card holds 990.00 CNY

  @NFC-017 @host-control
  Scenario: What a phone has paid is voided and refunded by the phone
    Given Petra taps her phone for 10.00 CNY at "T1"
    And Petra taps her phone for 20.00 CNY at "T1"
    When Petra has the 1st sale voided at "T1"
    And Petra has 5.00 CNY of the 2nd sale refunded at "T1"
    Then "T1" shows APPROVED
    And the 1st void carries
      | field | value            |
      | pan   | 620012******0302 |
    And Petra's card holds 985.00 CNY
    And "Noodle House" is owed 15.00 CNY
